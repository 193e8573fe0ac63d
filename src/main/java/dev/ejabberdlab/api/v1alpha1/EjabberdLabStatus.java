package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;

/**
 * What a lab is. The operator writes it only when something has changed that a user can see, so an
 * idle lab writes nothing.
 *
 * @param observedGeneration generation of the spec that this status speaks of
 * @param phase one word for people; programs read the conditions
 * @param host LibvirtHost in use
 * @param image what {@code spec.image} resolved to; absent until the host was asked
 * @param readyNodes nodes that are ready, of all nodes, for example 4/5
 * @param conditions {@code Ready} always; {@code Reconciling} and {@code Stalled} only when true
 * @param networks one entry for each network
 * @param nodes one entry for each node
 * @param postgresql absent until it was decided which instance is to be primary
 * @param ejabberd absent until a member could be asked
 * @param endpoints where clients connect; absent until the lab was ready once
 * @param tls certificates of the services; absent until there are some
 * @param libvirt where the lab lives; absent until its host was asked
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EjabberdLabStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription("One word for people. Programs read the conditions.") Phase phase,
    @JsonPropertyDescription("LibvirtHost in use.") String host,
    @JsonPropertyDescription("Volume that spec.image resolved to.") String image,
    @JsonPropertyDescription("Nodes that are ready, of all nodes, for example 4/5.")
        String readyNodes,
    @JsonPropertyDescription(
            "Ready is always there, Reconciling and Stalled only while they are True. The others tell of parts of the lab.")
        List<Condition> conditions,
    @JsonPropertyDescription("One entry for each network.") List<NetworkStatus> networks,
    @JsonPropertyDescription("One entry for each node.") List<NodeStatus> nodes,
    @JsonPropertyDescription(
            "PostgreSQL, as its instances report it. Absent until it was decided which instance is to be primary, or an instance was asked.")
        PostgresqlStatus postgresql,
    @JsonPropertyDescription(
            "The ejabberd cluster, as its members report it. Absent until a member could be asked.")
        EjabberdStatus ejabberd,
    @JsonPropertyDescription("Where clients connect. Absent until the lab was Ready once.")
        List<Endpoint> endpoints,
    @JsonPropertyDescription("Certificates of the services.") TlsStatus tls,
    @JsonPropertyDescription(
            "Host and disks that the lab lives on, whatever its LibvirtHost says later.")
        LibvirtStatus libvirt) {

  /** One that says nothing yet. */
  public static LabStatusBuilder builder() {
    return new LabStatusBuilder();
  }

  /** One that says the same, to be changed. */
  public LabStatusBuilder toBuilder() {
    return new LabStatusBuilder(this);
  }

  /**
   * Where a lab lives. It is looked for there and nowhere else.
   *
   * @param uuid the host's own UUID; absent when libvirt tells none
   * @param pool storage pool of its disks
   * @param volumes names of the disks that were made for it, until they are gone
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record LibvirtStatus(
      @JsonPropertyDescription("The host's own UUID.") String uuid,
      @JsonPropertyDescription("Storage pool of the lab's disks.") String pool,
      @JsonPropertyDescription("Disks that were made for the lab, until they are gone.")
          List<String> volumes) {}

  /** Where a lab is in its life. */
  public enum Phase {
    Pending,
    Provisioning,
    Ready,
    Degraded,
    /** On its way down, as {@code spec.running: false} says. */
    Halting,
    /** Shut down, as {@code spec.running: false} says. */
    Halted,
    Stalled,
    Unknown,
    Deleting
  }

  /**
   * A network on the host.
   *
   * @param name name in the spec
   * @param mode nat or isolated; absent in a status from before this was kept
   * @param cidr network in use, from the spec or from managementCidrs of the LibvirtHost
   * @param libvirtName libvirt's name of it
   * @param active whether libvirt has it started
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record NetworkStatus(
      @JsonPropertyDescription("Name in the spec.") String name,
      @JsonPropertyDescription("What the network is: nat or isolated.") NetworkMode mode,
      @JsonPropertyDescription(
              "IPv4 network in use, from the spec or from managementCidrs of the LibvirtHost.")
          String cidr,
      @JsonPropertyDescription("libvirt's name of the network.") String libvirtName,
      @JsonPropertyDescription("Whether libvirt has started the network.") Boolean active) {}

  /** State of a machine as libvirt sees it; {@code Unknown} when libvirt cannot be asked. */
  public enum MachineState {
    Missing,
    Running,
    Paused,
    ShuttingDown,
    ShutOff,
    Crashed,
    Unknown
  }

  /** Whether the guest agent answers; {@code Unknown} when libvirt cannot be asked. */
  public enum AgentState {
    Connected,
    Disconnected,
    Unknown
  }

  /**
   * A machine of the lab.
   *
   * @param name name in the spec
   * @param role role in the spec
   * @param ready whether every step is done and the agent answers
   * @param domain libvirt's name of the domain
   * @param uuid libvirt's UUID of the domain
   * @param state state of the domain
   * @param agent whether the guest agent answers
   * @param addresses the node's IPv4 address in each network, by the network's name
   * @param steps steps that are done, of all steps of the node, for example 3/4
   * @param step the step that runs, waits or has failed; absent when all are done
   * @param attempts how often that step was tried and failed; absent when it did not fail
   * @param lastError last output of that step when it failed, at most 1 KiB
   * @param drift what somebody else has changed in the guest and the operator is mending; absent
   *     when there is nothing
   * @param foreignDisk the disk that somebody has given to the machine in place of its own; absent
   *     while it has its own
   * @param clockOffSeconds by how many seconds the guest's clock is ahead of the operator's,
   *     negative when it is behind; absent while the difference is at most a second
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record NodeStatus(
      @JsonPropertyDescription("Name in the spec.") String name,
      @JsonPropertyDescription("Role in the spec.") EjabberdLabSpec.Role role,
      @JsonPropertyDescription("Whether every step is done and the guest agent answers.")
          Boolean ready,
      @JsonPropertyDescription("libvirt's name of the domain.") String domain,
      @JsonPropertyDescription("libvirt's UUID of the domain.") String uuid,
      @JsonPropertyDescription("State of the domain. Unknown when libvirt cannot be asked.")
          MachineState state,
      @JsonPropertyDescription(
              "Whether the guest agent answers. Unknown when libvirt cannot be asked.")
          AgentState agent,
      @JsonPropertyDescription("The node's IPv4 address in each network, by the network's name.")
          Map<String, String> addresses,
      @JsonPropertyDescription("Steps that are done, of all steps of the node, for example 3/4.")
          String steps,
      @JsonPropertyDescription("The step that runs, waits or has failed. Absent when all are done.")
          String step,
      @JsonPropertyDescription("How often the step in the field step has failed.") Integer attempts,
      @JsonPropertyDescription("Last output of the step in the field step when it failed.")
          String lastError,
      @JsonPropertyDescription(
              "What somebody else has changed in the guest and the operator is mending.")
          List<String> drift,
      @JsonPropertyDescription(
              "The disk that somebody has given to the machine in place of its own.")
          String foreignDisk,
      @JsonPropertyDescription(
              "By how many seconds the guest's clock is ahead of the operator's, negative when it is behind. Absent while the difference is at most a second.")
          Integer clockOffSeconds) {

    /** One that says nothing yet. */
    public static NodeStatusBuilder builder() {
      return new NodeStatusBuilder();
    }
  }

  /** What an instance is at this moment. */
  public enum InstanceRole {
    primary,
    standby,
    unknown
  }

  /**
   * PostgreSQL as the instances report it.
   *
   * @param currentPrimary node whose instance accepts writes; absent when none or more than one
   *     does
   * @param targetPrimary node whose instance is to be primary
   * @param readWriteAddress address that the primary holds and ejabberd connects to
   * @param timeline timeline of the primary
   * @param systemIdentifier of the primary, as text: JSON numbers lose its last digits
   * @param replication state of the worst standby: Streaming, ReplayPaused, CatchingUp or Down;
   *     None when the spec has no standby, Unknown when the primary could not be asked; absent
   *     until PostgreSQL was seen on an instance
   * @param lag range of the largest lag of a standby: &lt;1MiB, &lt;16MiB, &lt;128MiB, &lt;1GiB or
   *     &gt;=1GiB
   * @param instances one entry for each node of role postgresql
   * @param database name of the database, which cannot change once it is here
   * @param owner role that owns the database, which cannot change once it is here
   * @param splitBrain whether more than one instance accepts writes
   * @param failingSince since when the primary has been failing, in RFC 3339; absent while it works
   *     or could not be asked
   * @param fenced nodes whose domains are kept off because another one takes over from them
   * @param lastPrimaryChange the change of the primary that is under way, or the last one; absent
   *     when there was none
   * @param synchronous whether commits wait for a standby; absent when the spec does not want it
   * @param term number of the decision who is primary; grows with every decision, and a guest
   *     refuses a lower one than it has obeyed. Absent in a status of an operator without terms,
   *     and then 1
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record PostgresqlStatus(
      @JsonPropertyDescription(
              "Node whose instance accepts writes. Absent when none does, or more than one.")
          String currentPrimary,
      @JsonPropertyDescription("Node whose instance is to be primary.") String targetPrimary,
      @JsonPropertyDescription("Address that the primary holds and ejabberd connects to.")
          String readWriteAddress,
      @JsonPropertyDescription("Timeline of the primary.") Integer timeline,
      @JsonPropertyDescription("System identifier of the lab's database cluster.")
          String systemIdentifier,
      @JsonPropertyDescription(
              "State of the worst standby: Streaming, ReplayPaused, CatchingUp or Down. None when the spec has no standby, Unknown when the primary could not be asked. Absent until PostgreSQL was seen on an instance.")
          String replication,
      @JsonPropertyDescription(
              "Range of the largest lag of a standby: <1MiB, <16MiB, <128MiB, <1GiB or >=1GiB.")
          String lag,
      @JsonPropertyDescription("One entry for each node of role postgresql.")
          List<Instance> instances,
      @JsonPropertyDescription("Name of the database.") String database,
      @JsonPropertyDescription("Role that owns the database.") String owner,
      @JsonPropertyDescription("Whether more than one instance accepts writes.") Boolean splitBrain,
      @JsonPropertyDescription("Since when the primary has been failing. Absent while it works.")
          String failingSince,
      @JsonPropertyDescription(
              "Nodes whose domains are kept off because another instance takes over from theirs.")
          List<String> fenced,
      @JsonPropertyDescription("The change of the primary that is under way, or the last one.")
          PrimaryChange lastPrimaryChange,
      @JsonPropertyDescription("Whether commits wait for a standby.") Synchrony synchronous,
      @JsonPropertyDescription(
              "Number of the decision who is primary. A guest refuses a lower one than it has"
                  + " obeyed.")
          Long term) {

    /** One that says nothing yet. */
    public static PostgresqlStatusBuilder builder() {
      return new PostgresqlStatusBuilder();
    }

    /** One that says the same, to be changed. */
    public PostgresqlStatusBuilder toBuilder() {
      return new PostgresqlStatusBuilder(this);
    }

    /** Only who is to be primary, of which database, and the change that led to it. */
    public static PostgresqlStatus of(
        String targetPrimary, String systemIdentifier, PrimaryChange lastPrimaryChange) {
      return builder()
          .targetPrimary(targetPrimary)
          .systemIdentifier(systemIdentifier)
          .instances(List.of())
          .lastPrimaryChange(lastPrimaryChange)
          .build();
    }

    /** Why the primary changes. */
    public enum PrimaryChangeReason {
      /** The primary's domain is off, or gone. */
      PrimaryStopped,
      /** The primary's guest answers, and its PostgreSQL does not. */
      PrimaryDown,
      /** The primary's guest does not answer, and a standby has lost the primary. */
      PrimarySilent,
      /** Every instance is a standby. */
      NoPrimary,
      /** {@code spec.postgresql.primary} names another instance. */
      Switchover
    }

    /** How far a change of the primary is. */
    public enum PrimaryChangeState {
      /** The old primary's domain is turned off. */
      Fencing,
      /** The old primary is stopped in order; it can still be taken back. */
      Demoting,
      /** The old primary is off; the new one is promoted. */
      Promoting,
      /** The new primary could not be promoted and is turned off, for the old one to come back. */
      Reverting,
      /** The new primary accepts writes. */
      Completed,
      /** The old primary stays. */
      Aborted
    }

    /** Whether commits wait for a standby. */
    public enum Synchrony {
      /** No standby has streamed yet: commits do not wait. */
      Pending,
      /** Every commit waits until a standby has it. */
      Active,
      /** No standby streams: commits wait until one does. */
      Blocked,
      /** No standby streams: commits do not wait. */
      Degraded
    }

    /**
     * A change of the primary.
     *
     * @param from node that was primary
     * @param to node that takes over
     * @param reason why the primary changes
     * @param state how far the change is
     * @param lagBytes bytes of WAL that the new primary lacked at most at the decision, as far as
     *     was known
     * @param started time of the decision, in RFC 3339
     * @param finished when the new primary accepted writes, or the change was given up, in RFC
     *     3339; absent while it is under way
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PrimaryChange(
        @JsonPropertyDescription("Node that was primary.") String from,
        @JsonPropertyDescription("Node that takes over.") String to,
        @JsonPropertyDescription("Why the primary changes.") PrimaryChangeReason reason,
        @JsonPropertyDescription("How far the change is.") PrimaryChangeState state,
        @JsonPropertyDescription("Bytes of WAL that the new primary lacked at the decision.")
            Long lagBytes,
        @JsonPropertyDescription("Time of the decision.") String started,
        @JsonPropertyDescription(
                "When the new primary accepted writes, or the change was given up.")
            String finished) {

      /**
       * A change that begins, and loses nothing as far as is known: a switchover with {@code
       * Demoting}, any other with {@code Fencing}.
       */
      public static PrimaryChange begun(
          PrimaryChangeReason reason, String from, String to, Instant at) {
        return new PrimaryChange(
            from,
            to,
            reason,
            reason == PrimaryChangeReason.Switchover
                ? PrimaryChangeState.Demoting
                : PrimaryChangeState.Fencing,
            0L,
            stamp(at),
            null);
      }

      /** The same with another figure of what the new primary lacked at most. */
      public PrimaryChange lacking(long bytes) {
        return new PrimaryChange(from, to, reason, state, bytes, started, finished);
      }

      /** The same for another reason. */
      public PrimaryChange because(PrimaryChangeReason other) {
        return new PrimaryChange(from, to, other, state, lagBytes, started, finished);
      }

      /** The same, under way in that state. */
      public PrimaryChange in(PrimaryChangeState other) {
        return new PrimaryChange(from, to, reason, other, lagBytes, started, null);
      }

      /** The same at its end. One that had ended before keeps the time of that. */
      public PrimaryChange ended(PrimaryChangeState how, Instant at) {
        String end = finished == null ? stamp(at) : finished;
        return new PrimaryChange(from, to, reason, how, lagBytes, started, end);
      }

      /** Whether it is under way. */
      public boolean goesOn() {
        return finished == null;
      }

      private static String stamp(Instant time) {
        return time.truncatedTo(ChronoUnit.MILLIS).toString();
      }
    }

    /**
     * One PostgreSQL instance.
     *
     * @param name its node
     * @param role what it is
     * @param state for the primary {@code running}; for a standby the state of its walsender
     *     (streaming, catchup, startup, backup), {@code paused} when it streams and does not
     *     replay, {@code disconnected} when the primary does not see it; {@code down} when the
     *     server does not answer; {@code unknown} when it, or the primary, could not be asked
     * @param lagBytes bytes of WAL not yet replayed, rounded down to 0, 1 MiB, 16 MiB, 128 MiB or 1
     *     GiB; absent for the primary; the metric {@code ejabberdlab_postgresql_lag_bytes} is exact
     * @param slot replication slot on the primary; absent for the primary
     * @param timeline timeline that the instance is on
     * @param disconnectedSince since when a standby has not been seen streaming, in RFC 3339;
     *     absent while it streams. Its lag is then that of before
     * @param synchronous true when commits wait for the standby; also when they have waited for it
     *     and it may be the only one that has them; absent otherwise
     * @param synchronousUpTo of a standby that is away: where the WAL that it alone may have ends,
     *     in bytes; that is the end of the primary's WAL when the standby was seen to be away.
     *     Absent while the standby is there
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Instance(
        @JsonPropertyDescription("Node of the instance.") String name,
        @JsonPropertyDescription("What the instance is at this moment.") InstanceRole role,
        @JsonPropertyDescription(
                "Primary: running. Standby: streaming, catchup, startup or backup, as its walsender says; paused when it does not replay; disconnected when the primary does not see it. Either: down when the server does not answer, unknown when it could not be asked.")
            String state,
        @JsonPropertyDescription(
                "Bytes of WAL not yet replayed, rounded down to 0, 1Mi, 16Mi, 128Mi or 1Gi. The metric ejabberdlab_postgresql_lag_bytes is exact.")
            Long lagBytes,
        @JsonPropertyDescription("Replication slot on the primary.") String slot,
        @JsonPropertyDescription("Timeline that the instance is on.") Integer timeline,
        @JsonPropertyDescription(
                "Since when a standby has not been seen streaming. Absent while it streams.")
            String disconnectedSince,
        @JsonPropertyDescription(
                "True when commits wait for the standby. Also when they have waited for it, and it may be the only one that has them.")
            Boolean synchronous,
        @JsonPropertyDescription(
                "Of a standby that is away: where the WAL that it alone may have ends, in bytes. Absent while the standby is there.")
            Long synchronousUpTo) {

      /** One that says nothing yet. */
      public static InstanceBuilder builder() {
        return new InstanceBuilder();
      }

      /** An instance that is there. */
      public Instance(
          String name,
          InstanceRole role,
          String state,
          Long lagBytes,
          String slot,
          Integer timeline,
          String disconnectedSince,
          Boolean synchronous) {
        this(name, role, state, lagBytes, slot, timeline, disconnectedSince, synchronous, null);
      }

      /** An instance that no commit waits for, and that streams if it is a standby. */
      public Instance(
          String name,
          InstanceRole role,
          String state,
          Long lagBytes,
          String slot,
          Integer timeline) {
        this(name, role, state, lagBytes, slot, timeline, null, null);
      }
    }
  }

  /**
   * The ejabberd cluster as its members report it.
   *
   * @param expected number of members in the spec
   * @param running number of members that every answering member sees running
   * @param members running members of the expected ones, for example 2/2
   * @param consistent whether every expected member answers and all see the same members
   * @param nodes one entry for each node of role ejabberd
   * @param domain XMPP domain, which cannot change once it is here
   * @param virtualAddress absent when the spec has none
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record EjabberdStatus(
      @JsonPropertyDescription("Number of members in the spec.") Integer expected,
      @JsonPropertyDescription("Number of members that every answering member sees running.")
          Integer running,
      @JsonPropertyDescription("Running members of the expected ones, for example 2/2.")
          String members,
      @JsonPropertyDescription(
              "Whether every expected member answers and all see the same members.")
          Boolean consistent,
      @JsonPropertyDescription("One entry for each node of role ejabberd.") List<Member> nodes,
      @JsonPropertyDescription("XMPP domain.") String domain,
      @JsonPropertyDescription("The address that keepalived gives to a healthy member.")
          VirtualAddress virtualAddress) {

    /** What the members say, without what the spec gave. */
    public EjabberdStatus(
        Integer expected, Integer running, String members, Boolean consistent, List<Member> nodes) {
      this(expected, running, members, consistent, nodes, null, null);
    }

    /**
     * The address that keepalived moves between the members.
     *
     * @param address IPv4
     * @param holder member that has it; absent when none says so, or more than one
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record VirtualAddress(
        @JsonPropertyDescription("IPv4 address.") String address,
        @JsonPropertyDescription(
                "Member that has the address. Absent when none says so, or more than one.")
            String holder) {}

    /**
     * One ejabberd node.
     *
     * @param name its node
     * @param running whether ejabberd says that it is started; absent when it could not be asked
     * @param version ejabberd's version
     * @param sees Erlang nodes that this member sees running, sorted
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Member(
        @JsonPropertyDescription("Node of the member.") String name,
        @JsonPropertyDescription(
                "Whether ejabberd says that it is started. Absent when it could not be asked.")
            Boolean running,
        @JsonPropertyDescription("ejabberd's version.") String version,
        @JsonPropertyDescription("Erlang nodes that this member sees running.")
            List<String> sees) {}
  }

  /**
   * Certificates of the services.
   *
   * @param configMap ConfigMap with the CA's certificate under {@code ca.crt}
   * @param notAfter when the first certificate expires, in RFC 3339; it is renewed well before
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record TlsStatus(
      @JsonPropertyDescription("ConfigMap with the CA's certificate under ca.crt.")
          String configMap,
      @JsonPropertyDescription(
              "When the first certificate expires. It is renewed well before that.")
          String notAfter) {}

  /**
   * Where a client connects.
   *
   * @param name service: xmpp (STARTTLS), xmpps (TLS from the start) or postgresql
   * @param node node that answers there; absent when the address moves
   * @param address IPv4 address
   * @param port TCP port
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Endpoint(
      @JsonPropertyDescription(
              "Service: xmpp (STARTTLS), xmpps (TLS from the start) or postgresql.")
          String name,
      @JsonPropertyDescription("Node that answers there. Absent when the address moves.")
          String node,
      @JsonPropertyDescription("IPv4 address.") String address,
      @JsonPropertyDescription("TCP port.") Integer port) {}
}

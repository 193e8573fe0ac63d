package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Map;

/**
 * What a lab is. Written only when something a user can see has changed; an idle lab writes
 * nothing.
 *
 * @param observedGeneration generation of the spec that this status speaks of
 * @param phase one word for people; programs read the conditions
 * @param host LibvirtHost in use
 * @param image what {@code spec.image} resolved to; absent until the host was asked
 * @param readyNodes ready and wanted nodes, for example 5/5
 * @param conditions {@code Ready} always; {@code Reconciling} and {@code Stalled} only when true
 * @param networks one entry a network
 * @param nodes one entry a node
 * @param postgresql absent until an instance could be asked
 * @param ejabberd absent until a member could be asked
 * @param endpoints where clients connect; absent until the lab was ready once
 * @param tls certificates of the services; absent until there are some
 * @param libvirt where the lab lives; absent until its host was asked
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EjabberdLabStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription("One word for people; programs read the conditions.") Phase phase,
    @JsonPropertyDescription("LibvirtHost in use.") String host,
    @JsonPropertyDescription("Volume that spec.image resolved to.") String image,
    @JsonPropertyDescription("Ready and wanted nodes, for example 5/5.") String readyNodes,
    @JsonPropertyDescription(
            "Always Ready; Reconciling and Stalled only while they are True; others say more.")
        List<Condition> conditions,
    @JsonPropertyDescription("One entry a network.") List<NetworkStatus> networks,
    @JsonPropertyDescription("One entry a node.") List<NodeStatus> nodes,
    @JsonPropertyDescription(
            "PostgreSQL as the instances report it; absent until one could be asked.")
        PostgresqlStatus postgresql,
    @JsonPropertyDescription(
            "The ejabberd cluster as its nodes report it; absent until one could be asked.")
        EjabberdStatus ejabberd,
    @JsonPropertyDescription("Where clients connect; absent until the lab was ready once.")
        List<Endpoint> endpoints,
    @JsonPropertyDescription("Certificates of the services.") TlsStatus tls,
    @JsonPropertyDescription("Where the lab lives, whatever its LibvirtHost says later.")
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
   * @param mode what it is; absent in a status from before this was kept
   * @param cidr network in use, given or taken from the host's pool
   * @param libvirtName libvirt's name of it
   * @param active whether libvirt has it started
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record NetworkStatus(
      @JsonPropertyDescription("Name in the spec.") String name,
      @JsonPropertyDescription("What the network is: nat or isolated.") NetworkMode mode,
      @JsonPropertyDescription("Network in use, given or taken from the host's pool.") String cidr,
      @JsonPropertyDescription("libvirt's name of the network.") String libvirtName,
      @JsonPropertyDescription("Whether libvirt has it started.") Boolean active) {}

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
   * @param ready every step is done and the agent answers
   * @param domain libvirt's name of the domain
   * @param uuid libvirt's UUID of the domain
   * @param state state of the domain
   * @param agent whether the guest agent answers
   * @param addresses IPv4 address by network
   * @param steps done and wanted steps, for example 3/4
   * @param step the step that runs, waits or has failed; absent when all are done
   * @param attempts how often that step was tried and failed; absent when it did not fail
   * @param lastError last output of that step when it failed, at most 1 KiB
   * @param drift what was changed in the guest by somebody else and is being mended; absent when
   *     nothing was
   * @param foreignDisk the disk that somebody has put the machine on in place of its own; absent
   *     while it has its own
   * @param clockOffSeconds by how many seconds its clock is ahead of the operator's, negative when
   *     it is behind; absent while it is right, to a second
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record NodeStatus(
      @JsonPropertyDescription("Name in the spec.") String name,
      @JsonPropertyDescription("Role in the spec.") EjabberdLabSpec.Role role,
      @JsonPropertyDescription("Every step is done and the agent answers.") Boolean ready,
      @JsonPropertyDescription("libvirt's name of the domain.") String domain,
      @JsonPropertyDescription("libvirt's UUID of the domain.") String uuid,
      @JsonPropertyDescription("State of the domain; Unknown when libvirt cannot be asked.")
          MachineState state,
      @JsonPropertyDescription(
              "Whether the guest agent answers; Unknown when libvirt cannot be asked.")
          AgentState agent,
      @JsonPropertyDescription("IPv4 address by network.") Map<String, String> addresses,
      @JsonPropertyDescription("Done and wanted steps, for example 3/4.") String steps,
      @JsonPropertyDescription("The step that runs, waits or has failed.") String step,
      @JsonPropertyDescription("How often that step failed.") Integer attempts,
      @JsonPropertyDescription("Last output of that step when it failed.") String lastError,
      @JsonPropertyDescription(
              "What was changed in the guest by somebody else and is being mended.")
          List<String> drift,
      @JsonPropertyDescription("The disk that somebody has put the machine on.") String foreignDisk,
      @JsonPropertyDescription(
              "By how many seconds its clock is ahead of the operator's, negative when it is behind; absent while it is right, to a second.")
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
   * @param targetPrimary node that is to be primary
   * @param readWriteAddress address that belongs to the primary
   * @param timeline timeline of the primary
   * @param systemIdentifier of the primary, as text: JSON numbers lose its last digits
   * @param replication worst state of the standbys: Streaming, ReplayPaused, CatchingUp, Down, None
   *     (no standby wanted)
   * @param lag largest bucket of the standbys, for people: &lt;1MiB, &lt;16MiB, &lt;128MiB,
   *     &lt;1GiB or &gt;=1GiB
   * @param instances one entry a node of role postgresql
   * @param database name of the database, which cannot change once it is here
   * @param owner role that owns the database, which cannot change once it is here
   * @param splitBrain more than one instance accepts writes
   * @param failingSince since when the primary has been failing, in RFC 3339; absent while it works
   *     or could not be asked
   * @param fenced nodes whose domains are kept off because another one takes over from them
   * @param lastPrimaryChange the last change of the primary, or the one under way; absent when
   *     there was none
   * @param synchronous whether commits wait for a standby; absent when the spec does not want it
   * @param term number of the decision who is primary; grows with every decision, and guests refuse
   *     a lower one than they have seen. Absent in what operators without terms have written: 1
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record PostgresqlStatus(
      @JsonPropertyDescription("Node whose instance accepts writes.") String currentPrimary,
      @JsonPropertyDescription("Node that is to be primary.") String targetPrimary,
      @JsonPropertyDescription("Address that belongs to the primary.") String readWriteAddress,
      @JsonPropertyDescription("Timeline of the primary.") Integer timeline,
      @JsonPropertyDescription("System identifier of the primary.") String systemIdentifier,
      @JsonPropertyDescription(
              "Worst state of the standbys: Streaming, ReplayPaused, CatchingUp, Down or None.")
          String replication,
      @JsonPropertyDescription("Largest lag of a standby, in buckets.") String lag,
      @JsonPropertyDescription("One entry a node of role postgresql.") List<Instance> instances,
      @JsonPropertyDescription("Name of the database.") String database,
      @JsonPropertyDescription("Role that owns the database.") String owner,
      @JsonPropertyDescription("More than one instance accepts writes.") Boolean splitBrain,
      @JsonPropertyDescription("Since when the primary has been failing.") String failingSince,
      @JsonPropertyDescription("Nodes that are kept off because another one takes over from them.")
          List<String> fenced,
      @JsonPropertyDescription("The last change of the primary, or the one under way.")
          PrimaryChange lastPrimaryChange,
      @JsonPropertyDescription("Whether commits wait for a standby.") Synchrony synchronous,
      @JsonPropertyDescription(
              "Number of the decision who is primary; guests refuse a lower one than they have"
                  + " seen.")
          Long term) {

    /** One that says nothing yet. */
    public static PostgresqlStatusBuilder builder() {
      return new PostgresqlStatusBuilder();
    }

    /** One that says the same, to be changed. */
    public PostgresqlStatusBuilder toBuilder() {
      return new PostgresqlStatusBuilder(this);
    }

    /** Nothing but who is to be primary, of which database, and the change that led to it. */
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
      /** Its domain is off, or gone. */
      PrimaryStopped,
      /** Its guest answers, and its PostgreSQL does not. */
      PrimaryDown,
      /** Its guest does not answer, and its standby has lost it. */
      PrimarySilent,
      /** Every instance is a standby. */
      NoPrimary,
      /** {@code spec.postgresql.primary} names another. */
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
     * @param reason why
     * @param state how far it is
     * @param lagBytes WAL that the new primary lacked at most when it was decided, as far as was
     *     known
     * @param started time of the decision, in RFC 3339
     * @param finished when the new primary accepted writes, or it was given up; absent while it is
     *     under way
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PrimaryChange(
        @JsonPropertyDescription("Node that was primary.") String from,
        @JsonPropertyDescription("Node that takes over.") String to,
        @JsonPropertyDescription("Why.") PrimaryChangeReason reason,
        @JsonPropertyDescription("How far it is.") PrimaryChangeState state,
        @JsonPropertyDescription("WAL that the new primary lacked when it was decided.")
            Long lagBytes,
        @JsonPropertyDescription("Time of the decision.") String started,
        @JsonPropertyDescription(
                "When the new primary accepted writes, or the change was given up.")
            String finished) {}

    /**
     * One PostgreSQL instance.
     *
     * @param name its node
     * @param role what it is
     * @param state for a standby the state of its walsender (streaming, catchup, startup, backup),
     *     {@code paused} when it streams and does not replay, for the primary {@code running};
     *     {@code down} when the server does not answer, {@code unknown} when it could not be asked
     * @param lagBytes bytes of WAL not yet replayed, rounded down to 0, 1 MiB, 16 MiB, 128 MiB or 1
     *     GiB; absent for the primary; the exact figure is a metric
     * @param slot replication slot on the primary; absent for the primary
     * @param timeline timeline it is on
     * @param disconnectedSince since when a standby has not been seen streaming, in RFC 3339;
     *     absent while it streams. What is said of its lag is from before then
     * @param synchronous whether commits wait for it, or have waited for it and it may be the only
     *     one that has them; absent otherwise
     * @param synchronousUpTo of one that has gone: the end of the primary's WAL, in bytes, when
     *     that was seen; what it may have alone ends there. Absent while it is there
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Instance(
        @JsonPropertyDescription("Its node.") String name,
        @JsonPropertyDescription("What it is at this moment.") InstanceRole role,
        @JsonPropertyDescription(
                "running (primary), the walsender's state or paused (standby), down or unknown.")
            String state,
        @JsonPropertyDescription(
                "Bytes not yet replayed, rounded down to 0, 1Mi, 16Mi, 128Mi or 1Gi.")
            Long lagBytes,
        @JsonPropertyDescription("Replication slot on the primary.") String slot,
        @JsonPropertyDescription("Timeline it is on.") Integer timeline,
        @JsonPropertyDescription("Since when a standby has not been seen streaming.")
            String disconnectedSince,
        @JsonPropertyDescription("Whether commits wait for it, or have and it may have them alone.")
            Boolean synchronous,
        @JsonPropertyDescription(
                "Where in the WAL what it may have alone ends; absent while it is there.")
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
   * The ejabberd cluster as its nodes report it.
   *
   * @param expected wanted members
   * @param running members that every answering node sees running
   * @param members running and expected, for example 2/2
   * @param consistent every expected member answers and all see the same members
   * @param nodes one entry a node of role ejabberd
   * @param domain XMPP domain, which cannot change once it is here
   * @param virtualAddress absent when the spec has none
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record EjabberdStatus(
      @JsonPropertyDescription("Wanted members.") Integer expected,
      @JsonPropertyDescription("Members that every answering node sees running.") Integer running,
      @JsonPropertyDescription("Running and expected, for example 2/2.") String members,
      @JsonPropertyDescription("Every expected member answers and all see the same members.")
          Boolean consistent,
      @JsonPropertyDescription("One entry a node of role ejabberd.") List<Member> nodes,
      @JsonPropertyDescription("XMPP domain.") String domain,
      @JsonPropertyDescription("The address that a healthy member holds.")
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
     * @param holder member that has it; absent when none or more than one says so
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record VirtualAddress(
        @JsonPropertyDescription("IPv4 address.") String address,
        @JsonPropertyDescription("Member that has it.") String holder) {}

    /**
     * One ejabberd node.
     *
     * @param name its node
     * @param running whether its API answers that ejabberd is started; absent when it could not be
     *     asked
     * @param version ejabberd's version
     * @param sees Erlang nodes that it lists as running members, sorted
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Member(
        @JsonPropertyDescription("Its node.") String name,
        @JsonPropertyDescription("Whether its API answers that ejabberd is started.")
            Boolean running,
        @JsonPropertyDescription("ejabberd's version.") String version,
        @JsonPropertyDescription("Erlang nodes that it lists as running members.")
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
      @JsonPropertyDescription("When the first certificate expires; it is renewed well before.")
          String notAfter) {}

  /**
   * Where a client connects.
   *
   * @param name what it is: xmpp (STARTTLS), xmpps (TLS from the start) or postgresql
   * @param node node that answers there; absent when it moves
   * @param address IPv4 address
   * @param port TCP port
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Endpoint(
      @JsonPropertyDescription(
              "What it is: xmpp (STARTTLS), xmpps (TLS from the start) or postgresql.")
          String name,
      @JsonPropertyDescription("Node that answers there; absent when it moves.") String node,
      @JsonPropertyDescription("IPv4 address.") String address,
      @JsonPropertyDescription("TCP port.") Integer port) {}
}

package dev.ejabberdlab.status;

/**
 * Reasons of conditions and Events; the only ones there are, in the order of the page
 * docs/status.md. A condition declares the ones that it can have in its {@link Declaration}.
 */
public enum Reason {
  Ready("the lab is what its spec says"),
  Pending("nothing has been asked yet"),
  HostConnected("the host answers"),
  HostUnreachable(Kind.TROUBLE, "the host does not answer"),
  OtherHost(
      Kind.TROUBLE,
      "another host answers than the one that the lab lives on. Nothing is concluded and nothing is"
          + " done until the right one answers: [hosts](hosts.md#the-same-host-or-another-one)"),
  PoolMissing("of a host: its storage pool does not exist"),
  PoolInactive("of a host: its storage pool is stopped"),
  HostInUse("of a host: it is to be deleted, and waits for the labs that live on it"),
  ForeignDisk(
      "somebody has put a machine on another disk, with an external snapshot for example. The"
          + " machine stays on it, and its definition is not changed meanwhile"),
  InvalidSpec(
      "of a lab: its spec cannot work as it is, or its host or image does not exist. Of a host: its"
          + " URI or pool was changed while labs live on it, or `managementCidrs` has a network"
          + " that no lab can use"),
  RequestRefused(
      Kind.TROUBLE,
      "the API server refuses a request of the operator, and the message has its words: a quota, an"
          + " admission policy, an immutable Secret, a right that was taken away"),
  RequestFailed(
      Kind.TROUBLE,
      "the API server did not answer a request, or answered with an error. The request is tried"
          + " again with growing pauses up to a minute"),
  ReconcileFailed(
      Kind.TROUBLE,
      "the operator met an error that it does not know; the message names it, and the operator's"
          + " log has the details. The operator tries again with growing pauses up to a minute"),
  NameConflict("something of that name exists on the host and is not the lab's; it is left alone"),
  HypervisorError(
      Kind.TROUBLE,
      "libvirt refused something, which is tried again with growing pauses up to a minute"),
  NetworksActive("every network is started"),
  NetworksPending("some network is not started yet"),
  MachinesRunning("every machine runs and its agent answers"),
  MachinesPending("some machine does not run yet"),
  AgentPending("a machine runs and its agent has not answered yet: the guest boots"),
  AgentSilent(
      Kind.TROUBLE, "a machine runs, and its agent has not answered for more than six minutes"),
  Restarting(Kind.ASKED_FOR, "a machine restarts for a change of the spec, or waits for its turn"),
  Removing(Kind.ASKED_FOR, "what the spec no longer has is being removed from the host"),
  Halting(Kind.ASKED_FOR, "the lab is on its way down, as `spec.running: false` says"),
  Halted(Kind.ASKED_FOR, "the lab is shut down, as `spec.running: false` says"),
  Paused("nothing is done, as the annotation `ejabberdlab.dev/paused` says"),
  Resumed(Kind.EVENT, "the annotation `ejabberdlab.dev/paused` is gone"),
  StepsDone("every step is done"),
  StepsPending("some step is not done yet"),
  StepRetrying("a step failed and is tried again, after 5, 10, 20 and 40 s"),
  Drifted(
      "somebody else changed something in a guest, for example a file or the firewall."
          + " `status.nodes[].drift` says what, and the step that made it is applied again"),
  StepFailed(
      "a step failed 5 times or more. It is tried every 5 minutes, and at once when the spec, the"
          + " image or the annotation `ejabberdlab.dev/retry` changes"),
  ReferenceMissing(
      Kind.TROUBLE,
      "a Secret or ConfigMap that the spec names, or a key of it, does not exist. What needs it"
          + " waits, and goes on when it is there"),
  ReferenceUnusable(
      "what a Secret or ConfigMap holds cannot be used, for example a password with a line break;"
          + " nothing of it is shown"),
  PrimaryServing("the primary accepts writes at the read-write address"),
  NoPrimary("no instance accepts writes at the read-write address"),
  DatabaseUnreachable(
      "the primary accepts writes, and an ejabberd node has no connection to it: mostly a gateway"
          + " or firewall in between"),
  SplitBrain(
      Kind.TROUBLE,
      "more than one instance accepts writes; the machine of the one that should not is turned off"
          + " at once"),
  PrimaryFailing(
      Kind.TROUBLE,
      "the primary fails; the message says since when, and what keeps a standby from taking over"),
  FailingOver(Kind.TROUBLE, "another instance takes over from a primary that failed"),
  SwitchingOver(
      Kind.ASKED_FOR,
      "another instance takes over from a primary that works, because `spec.postgresql.primary`"
          + " says so"),
  SwitchoverRefused(
      Kind.TROUBLE,
      "`spec.postgresql.primary` names an instance that cannot take over; the message says why"),
  FailoverAborted(Kind.EVENT, "a change of the primary was given up; the old one stays"),
  PromotionHeld(
      Kind.TROUBLE, "an instance must not accept writes yet; the message says what is awaited"),
  RecordAdopted(
      Kind.EVENT,
      "the status named another primary than the guests, or none; what the guests say was recorded"),
  StaleTerm(
      Kind.TROUBLE,
      "a guest refused a step: it knows of a later decision who is primary; the operator takes that"
          + " over"),
  OtherDatabase(
      Kind.TROUBLE,
      "an instance accepts writes with another database than the lab's. Nothing is done with any"
          + " instance until it is gone, or until you take `systemIdentifier` out of the status"),
  CommitsBlocked(
      Kind.TROUBLE,
      "no standby streams, and commits wait for one, as `spec.postgresql.synchronous` says"),
  CommitsUnprotected(
      Kind.TROUBLE,
      "no standby streams, and commits do not wait for one, as `spec.postgresql.synchronous` says"),
  Streaming("every standby streams"),
  NotStreaming("some standby does not stream"),
  NoStandby("the lab has no standby"),
  ReplayPaused(
      Kind.TROUBLE,
      "a standby receives and does not replay, so it could not take over; the message says why"),
  ClusterComplete("every member of the ejabberd cluster sees every other"),
  ClusterIncomplete("some member of the ejabberd cluster does not see every other"),
  ClockOff("a guest's clock is off by more than a second, and is set by the operator's"),
  ClockSet(Kind.EVENT, "a guest's clock is right again"),
  NotObserved("what the condition speaks of could not be asked"),
  Deleting("the lab is being taken down"),
  Deleted(Kind.EVENT, "everything of the lab is gone"),
  LeftBehind(
      Kind.EVENT,
      "the lab is gone without having been taken down, because somebody removed its finalizer. What"
          + " is left is in `status.orphans` of its host"),
  Abandoned(
      Kind.EVENT,
      "the lab is gone, as the annotation `ejabberdlab.dev/abandon` says, and what the message"
          + " names may be left on its host"),
  CredentialsGenerated(Kind.EVENT, "the lab's Secret was made"),
  CertificatesIssued(Kind.EVENT, "certificates of nodes were issued or renewed"),
  MachineCreated(Kind.EVENT, "a domain appeared"),
  MachineStarted(Kind.EVENT, "a domain started"),
  MachineStopped(Kind.EVENT, "a domain stopped"),
  AgentConnected(Kind.EVENT, "a guest's agent answers"),
  StepDone(Kind.EVENT, "a step is done"),
  PrimaryChanged(Kind.EVENT, "the primary is another instance than before");

  /** How a reason is taken. */
  private enum Kind {
    /** As what it is. */
    PLAIN,
    /** As trouble: worth a warning even while a lab is on its way up. */
    TROUBLE,
    /** As what somebody has asked for: no trouble, though something is not ready meanwhile. */
    ASKED_FOR,
    /** Only Events have it. */
    EVENT
  }

  private final Kind kind;
  private final String meaning;

  Reason(String meaning) {
    this(Kind.PLAIN, meaning);
  }

  Reason(Kind kind, String meaning) {
    this.kind = kind;
    this.meaning = meaning;
  }

  /** What it means to a user: a sentence in Markdown, without the capital and the full stop. */
  public String meaning() {
    return meaning;
  }

  /** Whether it is worth a warning even while a lab is on its way up. */
  boolean isTrouble() {
    return kind == Kind.TROUBLE;
  }

  /** Whether somebody has asked for it, though something is not ready meanwhile. */
  boolean isAskedFor() {
    return kind == Kind.ASKED_FOR;
  }

  /** Whether only Events have it, and no condition. */
  public boolean isOfEvents() {
    return kind == Kind.EVENT;
  }
}

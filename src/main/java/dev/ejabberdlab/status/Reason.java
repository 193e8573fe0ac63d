package dev.ejabberdlab.status;

/** Reasons of conditions and Events; the only ones there are. */
public enum Reason {
  /** The lab is what its spec says. */
  Ready,
  /** Nothing has been asked yet. */
  Pending,
  /** The host answers. */
  HostConnected,
  /** The host does not answer. */
  HostUnreachable,
  /** Another host answers than the one that was there before. */
  OtherHost,
  /** The storage pool of a host does not exist. */
  PoolMissing,
  /** The storage pool of a host is not started. */
  PoolInactive,
  /** A LibvirtHost is to be deleted, and labs live on it. */
  HostInUse,
  /** A machine runs on a disk that the operator has not made. */
  ForeignDisk,
  /** The spec cannot work as it is. */
  InvalidSpec,
  /** The API server refused a request of the operator: a quota, a policy, a missing right. */
  RequestRefused,
  /** The API server did not answer a request of the operator, or not as it should. */
  RequestFailed,
  /** The operator met an error that it does not know; its log has the details. */
  ReconcileFailed,
  /** Something of that name exists and is not the lab's. */
  NameConflict,
  /** An action on the host failed and is tried again. */
  HypervisorError,
  /** Every network is started. */
  NetworksActive,
  /** Some network is not started yet. */
  NetworksPending,
  /** Every domain runs and its agent answers. */
  MachinesRunning,
  /** Some domain does not run yet. */
  MachinesPending,
  /** A domain runs, but its agent does not answer yet. */
  AgentPending,
  /** A domain has run for long without an answer from its agent. */
  AgentSilent,
  /** What the spec no longer has is being removed from the host. */
  Removing,
  /** A machine must be restarted for a change of the spec. */
  Restarting,
  /** The lab is on its way down, as its spec says. */
  Halting,
  /** The lab is shut down, as its spec says. */
  Halted,
  /** Nothing is done, as an annotation says. */
  Paused,
  /** Work goes on: the annotation that stopped it is gone. */
  Resumed,
  /** Every step is done. */
  StepsDone,
  /** Some step is not done yet. */
  StepsPending,
  /** A step failed and is tried again. */
  StepRetrying,
  /** Something was changed in a guest, and is being mended. */
  Drifted,
  /** A step failed too often. */
  StepFailed,
  /** A Secret or ConfigMap that the spec names, or a key of it, does not exist yet. */
  ReferenceMissing,
  /** What a Secret or ConfigMap that the spec names holds cannot be used. */
  ReferenceUnusable,
  /** The primary accepts writes at the read-write address. */
  PrimaryServing,
  /** No instance accepts writes. */
  NoPrimary,
  /** More than one instance accepts writes. */
  SplitBrain,
  /** The primary fails, and nobody takes over yet. */
  PrimaryFailing,
  /** Another instance takes over from a primary that failed. */
  FailingOver,
  /** Another instance takes over from a primary that works, as the spec says. */
  SwitchingOver,
  /** The instance that the spec names cannot take over. */
  SwitchoverRefused,
  /** A change of the primary was given up. */
  FailoverAborted,
  /** The primary waits for something before it may accept writes. */
  PromotionHeld,
  /** The record of who is primary was old, lost or edited, and what was found is adopted. */
  RecordAdopted,
  /** A guest has refused a step: it knows of a later decision who is primary. */
  StaleTerm,
  /** An instance accepts writes with another database than the lab's. */
  OtherDatabase,
  /** Every standby streams. */
  Streaming,
  /** Some standby does not stream. */
  NotStreaming,
  /** A standby receives what it does not replay: it could not take over now. */
  ReplayPaused,
  /** The lab has no standby. */
  NoStandby,
  /** No standby streams, and commits wait for one. */
  CommitsBlocked,
  /** No standby streams, and commits do not wait for one any more. */
  CommitsUnprotected,
  /** Every member sees every other. */
  ClusterComplete,
  /** Some member is missing, or members do not see the same. */
  ClusterIncomplete,
  /** The primary accepts writes, and an ejabberd node has no connection to it. */
  DatabaseUnreachable,
  /** A guest's clock is off by more than a second, and is set right. */
  ClockOff,
  /** A guest's clock is right again. */
  ClockSet,
  /** What the condition speaks of could not be asked. */
  NotObserved,
  /** The lab is being taken down. */
  Deleting,
  /** A lab's credentials were generated. */
  CredentialsGenerated,
  /** Certificates of nodes were issued or renewed. */
  CertificatesIssued,
  /** A domain appeared. */
  MachineCreated,
  /** A domain started. */
  MachineStarted,
  /** A domain stopped. */
  MachineStopped,
  /** A guest's agent answers. */
  AgentConnected,
  /** A step is done. */
  StepDone,
  /** The primary is another instance than before. */
  PrimaryChanged,
  /** Everything of the lab is gone. */
  Deleted,
  /** The lab is gone without having been taken down: its finalizer was removed by hand. */
  LeftBehind,
  /** The lab is gone, and what it had on a host that could not be asked may still be there. */
  Abandoned
}

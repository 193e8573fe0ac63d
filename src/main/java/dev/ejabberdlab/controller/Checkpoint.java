package dev.ejabberdlab.controller;

/** The steps of a reconcile, in their order. */
enum Checkpoint {
  /** The spec is checked. */
  VALIDATION,
  /** The LibvirtHost is looked up. */
  HOST,
  /** The lab's runtime on the host is looked up or made. */
  CONNECTION,
  /** A management network is claimed. */
  CLAIM,
  /** The spec is turned into a topology. */
  TOPOLOGY,
  /** Secrets and ConfigMaps that the spec names are read. */
  REFERENCES,
  /** The lab's credentials are read or generated. */
  CREDENTIALS,
  /** Certificates are read or issued. */
  CERTIFICATES,
  /** Passwords of accounts are read or generated. */
  ACCOUNTS,
  /** Every step that the topology needs is made once, to see that it can be made. */
  TRIAL,
  /** What is valid is written down. */
  RECORD,
  /** The observation is told what to look at. */
  WATCH,
  /** It is decided who is to accept writes. */
  PRIMACY,
  /** The steps are made. */
  STEPS,
  /** It is planned what is next. */
  PLAN,
  /** The status is made. */
  STATUS,
  /** The status is written. */
  WRITE,
  /** The planned actions are started. */
  ACTIONS
}

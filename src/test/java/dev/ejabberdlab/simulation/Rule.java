package dev.ejabberdlab.simulation;

import java.util.List;

/** A safety rule that can be taken out, to see that somebody notices. */
enum Rule {
  /** A primary that was turned off is seen to be off before somebody else is promoted. */
  FENCING(Theme.PRIMARY_HANGS),
  /** A memory that libvirt keeps is no machine that is off. */
  OFF_FOR_GOOD(Theme.SAVED_AND_STARTED, Theme.HOST_SUSPENDS),
  /** What has no mark of the lab is left alone. */
  MARK,
  /** What a domain uses is not deleted. */
  IN_USE(Theme.CLONED_AND_DELETED),
  /** A guest refuses what an older decision wants. */
  TERM(Theme.ORDER_ON_ITS_WAY),
  /** Only a standby that has every commit takes over: how far each is is told as it is. */
  SYNCHRONOUS(Theme.LAGS_AND_PRIMARY_DIES),
  /** A status that somebody else has changed meanwhile is not overwritten. */
  STALE_STATUS(Theme.TWO_OPERATORS, Theme.FROZEN_WITH_AN_OLD_RECORD),
  /** Nothing is done before it is written down. */
  RECORD,
  /** A primary that is stopped in order is seen to be stopped before somebody else is promoted. */
  STOPPED_IN_ORDER,
  /** A database that was there is never begun anew. */
  DATA_LOST,
  /** A host that is not the lab's is left alone. */
  OTHER_HOST,
  /** What could not be asked is not taken to be gone. */
  UNKNOWN,
  /** What is not ready is not called so. */
  READY;

  private final List<Theme> themes;

  Rule(Theme... themes) {
    this.themes = List.of(themes);
  }

  /** In which somebody notices soon that it is missing. */
  List<Theme> themes() {
    return themes.isEmpty() ? List.of(Theme.values()) : themes;
  }
}

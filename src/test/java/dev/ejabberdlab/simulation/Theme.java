package dev.ejabberdlab.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Events that belong together: what comes together is worse than what comes alone. */
enum Theme {
  LAGS_AND_PRIMARY_DIES(15, on(Kind.LAG, Theme.SECOND), on(Kind.DESTROY, Theme.FIRST)),
  LAGS_AND_OTHERS_DIE(
      15, on(Kind.LAG, Theme.SECOND), on(Kind.DESTROY, Theme.THIRD), on(Kind.DESTROY, Theme.FIRST)),
  LAGS_AND_DISK_IS_LOST(
      10, on(Kind.LAG, Theme.SECOND), on(Kind.HANG, Theme.THIRD), on(Kind.LOSE_DISK, Theme.FIRST)),
  SWITCHOVER_AND_PRIMARY_DIES(8, on(Kind.EDIT_PRIMARY, Theme.FIRST), on(Kind.DESTROY, Theme.FIRST)),
  SWITCHOVER_AND_STANDBY_HANGS(8, on(Kind.EDIT_PRIMARY, Theme.FIRST), on(Kind.HANG, Theme.SECOND)),
  SWITCHOVER_AND_DEATH(8, on(Kind.EDIT_PRIMARY, Theme.FIRST), on(Kind.KILL_AT_ACTION, Theme.FIRST)),
  SWITCHOVER_AND_SAVE(
      8,
      on(Kind.EDIT_PRIMARY, Theme.FIRST),
      on(Kind.SAVE, Theme.FIRST),
      on(Kind.START, Theme.FIRST)),
  FAILOVER_AND_OLD_STATUS(
      120,
      on(Kind.DESTROY, Theme.FIRST),
      on(Kind.STATUS_RESTORED, Theme.FIRST),
      on(Kind.KILL, Theme.FIRST)),
  ALL_DIE_AND_OLD_STATUS(
      90,
      on(Kind.DESTROY, Theme.FIRST),
      on(Kind.DESTROY, Theme.SECOND),
      on(Kind.STATUS_RESTORED, 0)),
  STATUS_IS_LOST_BETWEEN(
      60,
      on(Kind.DESTROY, Theme.FIRST),
      on(Kind.STATUS_CLEARED, 0),
      on(Kind.DESTROY, Theme.SECOND)),
  SAVED_AND_STARTED(60, on(Kind.SAVE, Theme.FIRST), on(Kind.START, Theme.FIRST)),
  PAUSED_AND_RESUMED(60, on(Kind.PAUSE, Theme.FIRST), on(Kind.RESUME, Theme.FIRST)),
  SAVED_TO_A_FILE(60, on(Kind.SAVE_TO_FILE, Theme.FIRST), on(Kind.RESTORE, Theme.FIRST)),
  TWO_OPERATORS(
      10, on(Kind.SECOND_OPERATOR, 0), on(Kind.API_STALE, 0), on(Kind.DESTROY, Theme.FIRST)),
  API_AWAY_AND_PRIMARY_DIES(10, on(Kind.API_AWAY, 0), on(Kind.DESTROY, Theme.FIRST)),
  PARTIAL_AND_PRIMARY_HANGS(10, on(Kind.HOST_PARTIAL, 0), on(Kind.HANG, Theme.FIRST)),
  PROMOTION_FAILS(5, on(Kind.FAIL_STEPS, Theme.SECOND), on(Kind.DESTROY, Theme.FIRST)),
  OTHER_HOST_AND_DEATH(20, on(Kind.HOST_REPLACED, 0), on(Kind.KILL, 0)),
  CLONED_AND_DELETED(20, on(Kind.CLONE, Theme.FIRST), on(Kind.DELETE, 0)),
  FAILOVER_AND_OTHER_INSTANCES(100, on(Kind.DESTROY, Theme.FIRST), on(Kind.EDIT_INSTANCES, 0)),
  FAILED_PRIMARY_LEAVES_THE_SPEC(
      40, on(Kind.DESTROY, Theme.FIRST), on(Kind.HANG, Theme.SECOND), on(Kind.EDIT_INSTANCES, 0)),
  REPLAY_STANDS_AND_PRIMARY_DIES(
      20, on(Kind.PAUSE_REPLAY, Theme.SECOND), on(Kind.DESTROY, Theme.FIRST)),
  PROMOTED_BY_HAND(30, on(Kind.PROMOTE_BY_HAND, Theme.SECOND), on(Kind.HANG, Theme.FIRST)),
  HOST_SUSPENDS(60, on(Kind.HOST_SUSPENDS, 0), on(Kind.HOST_RESUMES, 0)),
  DIES_WHILE_PAUSED(
      120, on(Kind.PAUSE_LAB, 0), on(Kind.DESTROY, Theme.FIRST), on(Kind.UNPAUSE_LAB, 0)),
  PRIMARY_HANGS(5, on(Kind.HANG, Theme.FIRST)),
  /** Told to do something, it sleeps, and does it when somebody else has decided otherwise. */
  FROZEN_WITH_AN_ORDER(
      6,
      on(Kind.SLOW_OPERATOR, 0),
      on(Kind.LOSE_ADDRESS, Theme.FIRST),
      on(Kind.FREEZE, 0),
      on(Kind.DESTROY, Theme.FIRST)),
  SLOW_WITH_AN_ORDER(
      4,
      on(Kind.SLOW_OPERATOR, 0),
      on(Kind.LOSE_ADDRESS, Theme.FIRST),
      on(Kind.SECOND_OPERATOR, 0),
      on(Kind.DESTROY, Theme.FIRST)),
  /** What it has ordered arrives in the guest when its successor has decided otherwise. */
  ORDER_ON_ITS_WAY(
      12,
      on(Kind.ANSWERS_LATE, 0),
      on(Kind.LOSE_ADDRESS, Theme.FIRST),
      on(Kind.SECOND_OPERATOR, 0),
      on(Kind.EDIT_PRIMARY, Theme.FIRST)),
  FROZEN_WITH_AN_OLD_RECORD(
      10, on(Kind.FREEZE, 0), on(Kind.API_STALE, 0), on(Kind.DESTROY, Theme.FIRST)),
  OTHER_HARDWARE_ON_A_SLOW_MACHINE(
      10, on(Kind.SLOW_OPERATOR, 0), on(Kind.EDIT_MEMORY, 0), on(Kind.SLOW_OPERATOR, 0));

  /** Numbers that stand for instances: see {@link Life#node}. */
  private static final int FIRST = 1;

  private static final int SECOND = 4;
  private static final int THIRD = 7;

  private final int gap;
  private final List<Story.Event> events;

  /**
   * @param gap the numbers of seconds between one event and the next are drawn up to it
   */
  Theme(int gap, Story.Event... events) {
    this.gap = gap;
    this.events = List.of(events);
  }

  private static Story.Event on(Kind kind, int machine) {
    return new Story.Event(0, kind, machine, -1);
  }

  /** The theme, from a second on. */
  List<Story.Event> from(int second, SplittableRandom chance) {
    List<Story.Event> drawn = new ArrayList<>();
    int at = second;
    for (Story.Event event : events) {
      drawn.add(new Story.Event(at, event.kind(), event.a(), chance.nextInt(1_000_000)));
      at += 1 + chance.nextInt(gap);
    }
    return List.copyOf(drawn);
  }
}

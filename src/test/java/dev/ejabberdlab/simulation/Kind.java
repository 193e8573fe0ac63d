package dev.ejabberdlab.simulation;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What can happen to a lab. Each takes two numbers: mostly which machine, and for how long. */
enum Kind {
  // Others work on machines
  DESTROY((life, a, b) -> life.machine(a, life.host()::destroy)),
  SHUT_DOWN((life, a, b) -> life.machine(a, life.host()::shutDown)),
  PAUSE((life, a, b) -> life.machine(a, life.host()::pause)),
  RESUME(
      (life, a, b) -> {
        life.witness().interference();
        life.machine(a, life.host()::resume);
      }),
  SAVE((life, a, b) -> life.machine(a, m -> life.host().save(m, true))),
  SAVE_TO_FILE((life, a, b) -> life.machine(a, m -> life.host().save(m, false))),
  RESTORE(
      (life, a, b) -> {
        life.witness().interference();
        life.machine(a, life.host()::restore);
      }),
  START(
      (life, a, b) -> {
        life.witness().interference();
        life.machine(a, life.quietly(life.host()::start));
      }),
  AUTOSTART((life, a, b) -> life.machine(a, m -> m.autostart = true)),
  CRASH(
      (life, a, b) ->
          life.machine(
              a,
              m -> {
                life.host().destroy(m);
                if (m.isOff() && !m.saved) {
                  m.power = Power.CRASHED;
                }
              })),
  UNMARK(
      (life, a, b) ->
          life.machine(
              a,
              m -> {
                m.owner = Optional.empty();
                life.mayBlock("NameConflict");
              })),
  CLONE((life, a, b) -> life.machine(a, life::cloneOf)),
  ORPHAN_VOLUME((life, a, b) -> life.machine(a, life::copyOf)),

  // Guests
  HANG((life, a, b) -> life.boot(a, boot -> boot.hangsUntil = life.until(b, 400))),
  MUTE((life, a, b) -> life.boot(a, boot -> boot.muteUntil = life.until(b, 200))),
  STOP_POSTGRESQL((life, a, b) -> life.machine(a, life.host().guests()::stopPostgresql)),
  KILL_POSTGRESQL((life, a, b) -> life.machine(a, life.host().guests()::killPostgresql)),
  STOP_EJABBERD((life, a, b) -> life.boot(a, boot -> boot.ejabberd = false)),
  PAUSE_REPLAY(
      (life, a, b) -> life.boot(a, boot -> boot.replayPaused = boot.postgresql && boot.recovery)),
  LAG((life, a, b) -> life.boot(a, boot -> boot.lagsUntil = life.until(b, 200))),
  PROMOTE_BY_HAND((life, a, b) -> life.machine(a, life::promoteByHand)),
  LOSE_DISK((life, a, b) -> life.machine(a, life::loseDisk)),
  FAIL_STEPS((life, a, b) -> life.failures().put(life.node(a), 1 + b % 6)),
  LOSE_ADDRESS((life, a, b) -> life.boot(a, boot -> boot.address = false)),

  // The host
  HOST_SILENT((life, a, b) -> life.faults().silentFor(life.millis(b, 300))),
  HOST_REPLACED((life, a, b) -> life.faults().replaceFor(life.millis(b, 200))),
  HOST_PARTIAL((life, a, b) -> life.faults().partialFor(life.millis(b, 200))),
  HOST_REFUSES((life, a, b) -> life.faults().refuseFor(life.millis(b, 100))),
  ANSWERS_LOST((life, a, b) -> life.faults().loseFor(life.millis(b, 100))),
  ANSWERS_LATE((life, a, b) -> life.faults().lateFor(life.millis(b, 200))),
  HOST_REBOOTS((life, a, b) -> List.copyOf(life.host().machines()).forEach(life.host()::destroy)),
  HOST_SUSPENDS(
      (life, a, b) -> List.copyOf(life.host().machines()).forEach(m -> life.host().save(m, true))),
  HOST_RESUMES(
      (life, a, b) -> {
        life.witness().interference();
        List.copyOf(life.host().machines()).forEach(life.quietly(life.host()::start));
      }),

  // The API server
  API_AWAY((life, a, b) -> life.api().awayFor(life.millis(b, 200))),
  API_REFUSES((life, a, b) -> life.api().refuseFor(life.millis(b, 200))),
  API_LOSES((life, a, b) -> life.api().loseFor(life.millis(b, 100))),
  API_STALE((life, a, b) -> life.api().staleFor(life.millis(b, 100))),
  STATUS_CLEARED((life, a, b) -> life.restoreStatus(Integer.MAX_VALUE / 2)),
  STATUS_RESTORED((life, a, b) -> life.restoreStatus(1 + b % 20)),
  SECRET_DELETED((life, a, b) -> life.api().deleteCredentials()),
  LAST_VALID_DELETED((life, a, b) -> life.api().deleteLastValid()),

  // Operators
  CLOCK_FORWARD((life, a, b) -> life.world().setClock(Duration.ofMillis(life.millis(b, 1200)))),
  CLOCK_BACK(
      (life, a, b) -> life.world().setClock(Duration.ofMillis(life.millis(b, 1200)).negated())),
  KILL((life, a, b) -> life.operators().kill(1 + b % 60)),
  KILL_AT_ACTION((life, a, b) -> life.operators().killAtAction(b % 12)),
  SECOND_OPERATOR((life, a, b) -> life.operators().second(1 + b % 90)),
  FREEZE((life, a, b) -> life.operators().freeze(1 + b % 60)),
  SLOW_OPERATOR((life, a, b) -> life.operators().slow(life.millis(b, 60))),

  // Users
  EDIT_PRIMARY(
      (life, a, b) -> life.edit(s -> s.withPrimary(b % 4 == 0 ? 0 : 1 + a % s.instanceCount()))),
  EDIT_MEMORY((life, a, b) -> life.edit(s -> s.withMemory(1 + b % 3))),
  EDIT_INSTANCES((life, a, b) -> life.edit(s -> s.withInstances(1 + b % 4))),
  EDIT_SYNCHRONOUS(
      (life, a, b) ->
          life.edit(
              s ->
                  s.withSynchronous(
                      s.instanceCount() < 2 || b % 3 == 0
                          ? Optional.empty()
                          : Optional.of(b % 3 == 1 ? "required" : "preferred")))),
  EDIT_INVALID((life, a, b) -> life.edit(s -> s.withValid(false))),
  EDIT_VALID((life, a, b) -> life.edit(s -> s.withValid(true))),
  HALT((life, a, b) -> life.edit(s -> s.withRunning(false))),
  RUN((life, a, b) -> life.edit(s -> s.withRunning(true))),
  PAUSE_LAB((life, a, b) -> life.api().annotate(EjabberdLab.PAUSED, Optional.of("true"))),
  UNPAUSE_LAB((life, a, b) -> life.api().annotate(EjabberdLab.PAUSED, Optional.empty())),
  DELETE((life, a, b) -> life.delete());

  /** How it happens. */
  @FunctionalInterface
  interface Happening {
    void happen(Life life, int a, int b);
  }

  private final Happening happening;

  Kind(Happening happening) {
    this.happening = happening;
  }

  void happen(Life life, int a, int b) {
    happening.happen(life, a, b);
  }
}

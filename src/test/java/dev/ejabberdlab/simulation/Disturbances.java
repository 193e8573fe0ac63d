package dev.ejabberdlab.simulation;

/** What is wrong between the operators and the world at this moment. */
final class Disturbances {

  private final World world;
  private final Host home;
  private final Host other;
  private long silentUntil;
  private long replacedUntil;
  private long partialUntil;
  private long refusesUntil;
  private long losesUntil;
  private long lateUntil;
  private long lastArrival;

  Disturbances(World world, Host home, Host other) {
    this.world = world;
    this.home = home;
    this.other = other;
  }

  /** The lab's host. */
  Host home() {
    return home;
  }

  /** Who answers. */
  Host host() {
    return isReplaced() ? other : home;
  }

  Host other() {
    return other;
  }

  boolean isReplaced() {
    return replacedUntil > world.now();
  }

  boolean isSilent() {
    return silentUntil > world.now();
  }

  boolean isPartial() {
    return partialUntil > world.now();
  }

  boolean refuses() {
    return refusesUntil > world.now();
  }

  boolean losesAnswers() {
    return losesUntil > world.now();
  }

  boolean isLate() {
    return lateUntil > world.now();
  }

  /** Whether the lab's host can be asked about everything. */
  boolean none() {
    return !isSilent() && !isReplaced() && !isPartial() && !isLate();
  }

  void silentFor(long millis) {
    silentUntil = world.now() + millis;
  }

  void replaceFor(long millis) {
    replacedUntil = world.now() + millis;
  }

  void partialFor(long millis) {
    partialUntil = world.now() + millis;
  }

  void refuseFor(long millis) {
    refusesUntil = world.now() + millis;
  }

  void loseFor(long millis) {
    losesUntil = world.now() + millis;
  }

  void lateFor(long millis) {
    lateUntil = world.now() + millis;
  }

  /** When the last of the orders arrives that are on their way. */
  long lastArrival() {
    return lastArrival;
  }

  void arrivesAt(long time) {
    lastArrival = Math.max(lastArrival, time);
  }

  void end() {
    silentUntil = replacedUntil = partialUntil = refusesUntil = losesUntil = lateUntil = 0;
  }
}

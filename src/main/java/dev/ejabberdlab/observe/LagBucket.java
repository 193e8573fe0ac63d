package dev.ejabberdlab.observe;

/**
 * Replication lag as users see it: coarse, so that a lab that merely breathes writes no status. The
 * exact figure is a metric.
 */
public enum LagBucket {
  UNDER_1_MIB(0, "<1MiB"),
  UNDER_16_MIB(1L << 20, "<16MiB"),
  UNDER_128_MIB(16L << 20, "<128MiB"),
  UNDER_1_GIB(128L << 20, "<1GiB"),
  OVER_1_GIB(1L << 30, ">=1GiB");

  private final long floorBytes;
  private final String label;

  LagBucket(long floorBytes, String label) {
    this.floorBytes = floorBytes;
    this.label = label;
  }

  /** The bucket that a number of bytes falls into; negative counts as 0. */
  public static LagBucket of(long bytes) {
    LagBucket found = UNDER_1_MIB;
    for (LagBucket bucket : values()) {
      if (bytes >= bucket.floorBytes) {
        found = bucket;
      }
    }
    return found;
  }

  /** The smallest lag of the bucket, in bytes. */
  public long floorBytes() {
    return floorBytes;
  }

  /** The largest lag of the bucket, in bytes; of the last one {@link Long#MAX_VALUE}. */
  public long ceilingBytes() {
    return this == OVER_1_GIB ? Long.MAX_VALUE : values()[ordinal() + 1].floorBytes - 1;
  }

  /** The bucket for people, for example {@code <16MiB}. */
  public String label() {
    return label;
  }
}

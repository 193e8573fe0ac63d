package dev.ejabberdlab.simulation;

import java.util.Arrays;

/**
 * The history of a database: rows in the order of their writing, each with a number that no other
 * row has, whoever wrote it. So two histories are the same up to a place if they are the same
 * there.
 */
final class Wal {

  /** What one row takes, so that lag is seen in status. */
  static final long ROW_BYTES = 1 << 20;

  private static final long BEGIN = 1 << 24;

  private final String system;
  private int timeline;
  private int[] rows;
  private int size;

  Wal(String system) {
    this.system = system;
    this.timeline = 1;
    this.rows = new int[64];
  }

  private Wal(Wal other) {
    this.system = other.system;
    this.timeline = other.timeline;
    this.rows = other.rows.clone();
    this.size = other.size;
  }

  Wal copy() {
    return new Wal(this);
  }

  String system() {
    return system;
  }

  int timeline() {
    return timeline;
  }

  int size() {
    return size;
  }

  long lsn() {
    return lsn(size);
  }

  static long lsn(int size) {
    return BEGIN + size * ROW_BYTES;
  }

  void append(int row) {
    if (size == rows.length) {
      rows = Arrays.copyOf(rows, size * 2);
    }
    rows[size++] = row;
  }

  /** A promoted standby begins a new timeline. */
  void promote() {
    timeline++;
  }

  boolean has(int place, int row) {
    return place < size && rows[place] == row;
  }

  int row(int place) {
    return rows[place];
  }

  /** Whether another history goes on from here. */
  boolean isBeginOf(Wal other) {
    return system.equals(other.system)
        && timeline <= other.timeline
        && size <= other.size
        && (size == 0 || rows[size - 1] == other.rows[size - 1]);
  }

  /** Takes over what another history has up to a size. */
  void follow(Wal other, int upTo) {
    while (size < Math.min(upTo, other.size)) {
      append(other.rows[size]);
    }
    if (size == other.size) {
      timeline = other.timeline;
    }
  }
}

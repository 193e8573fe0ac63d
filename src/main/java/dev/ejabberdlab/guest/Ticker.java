package dev.ejabberdlab.guest;

import java.time.Duration;

/** Elapsed time and waiting, so that tests need neither. */
public interface Ticker {

  /** The machine's own. */
  Ticker SYSTEM =
      new Ticker() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(duration.toMillis());
        }
      };

  /** Nanoseconds since some fixed moment, as {@link System#nanoTime()}. */
  long nanoTime();

  /** Waits for that long. */
  void sleep(Duration duration) throws InterruptedException;
}

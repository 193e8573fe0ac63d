package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.Names;

/**
 * An amount of memory, disk or WAL.
 *
 * @param mebibytes positive
 */
record Size(long mebibytes) {

  /** A size that matches {@link Names#SIZE}. */
  static Size of(String text) {
    long number = Long.parseLong(text.substring(0, text.length() - 2));
    return new Size(text.endsWith("Gi") ? number * 1024 : number);
  }

  long bytes() {
    return mebibytes * 1024 * 1024;
  }
}

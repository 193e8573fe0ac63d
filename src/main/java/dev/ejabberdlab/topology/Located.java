package dev.ejabberdlab.topology;

/**
 * An element of a complete spec, and what a sentence about it calls it.
 *
 * @param path {@code spec.nodes[0]} of what the user wrote, {@code node e1server} of a default
 * @param value may be null where a user wrote nothing between two dashes
 */
record Located<T>(String path, T value) {}

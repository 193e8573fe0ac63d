/**
 * Does what was planned: one action at a time for each thing, many things at once, never inside a
 * reconcile. Remembers only what is under way and how the last tries ended; the truth is in the
 * world.
 */
package dev.ejabberdlab.act;

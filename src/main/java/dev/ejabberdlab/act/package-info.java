/**
 * Does what was planned: one action at a time for each key, many keys at once, never inside a
 * reconcile. Remembers only what is under way and how the last tries ended. What is true is always
 * read from the host and the guests.
 */
package dev.ejabberdlab.act;

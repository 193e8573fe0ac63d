/**
 * From what shall exist, what was seen and what is planned to what users read: conditions, phase,
 * columns, and the Events of a transition. Pure functions.
 *
 * <p>A condition is one small class: its {@code Declaration} says what it is, and its finding is
 * made of one {@code StatusInput}. {@code LabConditions} lists those that are made of what was
 * seen, {@code Declarations} lists all; what is said of them elsewhere, here and in docs/status.md,
 * follows from the declarations.
 */
package dev.ejabberdlab.status;

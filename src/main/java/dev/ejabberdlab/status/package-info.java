/**
 * From what shall exist, what was seen and what is planned to what users read: conditions, phase,
 * columns, and the Events of a transition. Pure functions.
 */
package dev.ejabberdlab.status;

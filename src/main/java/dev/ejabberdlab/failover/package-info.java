/**
 * From the recorded status and what was seen to who is primary, and how that changes: a {@link
 * dev.ejabberdlab.failover.Primacy}. Pure functions of their arguments, the clock included. Knows
 * no steps and no actions: of what the operator does with machines it is told what {@link
 * dev.ejabberdlab.failover.MachineWork} says.
 */
package dev.ejabberdlab.failover;

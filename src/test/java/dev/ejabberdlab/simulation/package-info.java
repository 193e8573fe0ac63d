/**
 * A simulator of the whole decision loop: the real topology, observe, plan, act and status code
 * over a simulated host, guests, API server and clock. Everything follows from a seed. See
 * docs/simulator.md.
 */
package dev.ejabberdlab.simulation;

/**
 * From what a user wrote to what shall exist: every network, address, MAC, node and role made
 * explicit. Pure functions; refuses what cannot work, with one sentence for each fault.
 */
package dev.ejabberdlab.topology;

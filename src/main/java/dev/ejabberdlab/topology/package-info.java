/**
 * From what a user wrote to what shall exist: every network, address, MAC, node and role made
 * explicit. Pure functions, each done once, in this order:
 *
 * <ol>
 *   <li>{@link dev.ejabberdlab.topology.CompleteSpec} fills in every default;
 *   <li>{@link dev.ejabberdlab.topology.SpecValidation} refuses what cannot work, with one sentence
 *       for each violation;
 *   <li>{@link dev.ejabberdlab.topology.TopologyBuilder} builds the {@link
 *       dev.ejabberdlab.topology.LabTopology}.
 * </ol>
 *
 * <p>No class of the package knows itself by way of others.
 */
package dev.ejabberdlab.topology;

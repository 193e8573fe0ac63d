/**
 * The operator in this process, on a real API server with the rights that it has in a cluster, and
 * with libvirt's in-process test driver. Only the guests are simulated, behind their agents.
 */
package dev.ejabberdlab.it;

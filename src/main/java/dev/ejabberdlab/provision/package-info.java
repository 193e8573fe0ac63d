/**
 * Which steps make a node what its role says, in which order and with which inputs. Pure; the
 * scripts and templates are {@code provision/} in the resources, each readable alone. Knows the
 * topology and who is primary, not the hypervisor.
 */
package dev.ejabberdlab.provision;

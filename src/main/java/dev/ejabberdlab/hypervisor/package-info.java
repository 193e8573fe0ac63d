/**
 * The port to a libvirt host, in libvirt's terms: networks, volumes, domains, events, owner marks.
 * Knows neither Kubernetes nor labs. {@code hypervisor.libvirt} implements it.
 */
package dev.ejabberdlab.hypervisor;

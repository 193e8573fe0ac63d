/**
 * The hypervisor port on libvirt. The only package that imports {@code org.libvirt}.
 *
 * <p>{@link dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisor} holds the operations, {@code
 * Connection} keeps the connection open and every call bounded in time, {@code DomainXml}, {@code
 * NetworkXml} and {@code VolumeXml} write and read libvirt's XML, {@code OwnerMark} is the mark on
 * what is ours.
 */
package dev.ejabberdlab.hypervisor.libvirt;

/**
 * The hypervisor port on libvirt. The only package that imports {@code org.libvirt}.
 *
 * <p>Each class calls only classes before it:
 *
 * <ol>
 *   <li>What calls and messages are about: {@code ConnectionUri}, {@code ObjectKind}, {@code
 *       Operation}, {@code LibvirtErrors}, {@code Refusals}.
 *   <li>XML and marks: {@code Xml}, {@code OwnerMark}, {@code Capabilities}, {@code DomainXml},
 *       {@code NetworkXml}, {@code VolumeXml}.
 *   <li>Calls: {@code Attempts} connects, {@code Session} is one connection, {@code Sessions} makes
 *       the next one after a loss, {@code Connection} bounds calls in time, {@code Connections}
 *       carries several at once, {@code Lookup} finds objects and frees them.
 *   <li>Operations: {@code Host}, {@code Networks}, {@code DomainStates}, {@code Volumes}, {@code
 *       Domains}, {@code DomainPower}, {@code Agents}.
 *   <li>{@link dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisor}, the port.
 * </ol>
 */
package dev.ejabberdlab.hypervisor.libvirt;

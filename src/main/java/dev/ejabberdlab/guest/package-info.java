/**
 * The way into a guest: {@code GuestChannel} over the QEMU guest agent, and the steps that run
 * through it as transient systemd units. Knows the hypervisor's port, not labs.
 */
package dev.ejabberdlab.guest;

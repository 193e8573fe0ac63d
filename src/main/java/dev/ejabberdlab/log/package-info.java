/**
 * What a line of the log is about: a lab, a node, a host. It goes with the work from thread to
 * thread.
 */
package dev.ejabberdlab.log;

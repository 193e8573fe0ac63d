/**
 * Asks hosts and guests and keeps the last answers, so that a reconcile never waits. Never acts.
 * What could not be asked is unknown, not false.
 */
package dev.ejabberdlab.observe;

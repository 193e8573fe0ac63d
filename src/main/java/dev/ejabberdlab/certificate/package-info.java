/**
 * A lab's certificate authority and the certificates that it issues. Pure: time and randomness are
 * given. Knows nothing of labs, only names and addresses.
 */
package dev.ejabberdlab.certificate;

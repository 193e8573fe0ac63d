/** The operator as users run it, on a real API server and with real guests. */
package dev.ejabberdlab.e2e;

/**
 * The reconcilers, thin: they read the other packages' names in the order in which data flows, and
 * own what lives as long as the process: connections, watches, threads.
 */
package dev.ejabberdlab.controller;

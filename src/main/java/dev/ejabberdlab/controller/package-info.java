/**
 * The reconcilers. They call the other packages in the order in which data flows, and own what
 * lives as long as the process: connections, watches, threads.
 */
package dev.ejabberdlab.controller;

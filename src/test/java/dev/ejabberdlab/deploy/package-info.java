/**
 * What is around the code says the same as the code: manifests, Helm chart, Argo CD's health check,
 * pages.
 */
package dev.ejabberdlab.deploy;

/** The ways to install the operator say the same: manifests, Helm chart, Argo CD's health check. */
package dev.ejabberdlab.deploy;

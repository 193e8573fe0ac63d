/**
 * The resources as users see them: spec, status, schema rules and printer columns. Values are
 * records exactly as the API server holds them; defaults and checks across fields are the business
 * of {@code dev.ejabberdlab.topology}.
 */
package dev.ejabberdlab.api.v1alpha1;

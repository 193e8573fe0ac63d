/**
 * From what shall exist, who is primary, what was seen and what is under way to the actions that
 * are next. Pure functions of their arguments, the clock included.
 */
package dev.ejabberdlab.plan;

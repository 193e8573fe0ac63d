/**
 * From what shall exist, what was seen and what is under way to what is to be done next. Pure
 * functions of their arguments, the clock included; everything that decides stands here.
 */
package dev.ejabberdlab.plan;

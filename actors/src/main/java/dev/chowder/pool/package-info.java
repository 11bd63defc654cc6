/**
 * Keeps pool members: instances that are created ahead of need, so that a create claims one instead
 * of booting a gateway. Decides how many are kept, for which organization and for how long. Does
 * not know how a member is provisioned or claimed.
 */
@NullMarked
package dev.chowder.pool;

import org.jspecify.annotations.NullMarked;

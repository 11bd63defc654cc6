/** Subscriptions at the edge: what an organization has, and how Stripe sells it more. */
@NullMarked
package dev.chowder.server.subscription;

import org.jspecify.annotations.NullMarked;

/** Subscriptions: shows the tier of an organization, and sells tiers through Stripe. */
@NullMarked
package dev.chowder.server.subscription;

import org.jspecify.annotations.NullMarked;

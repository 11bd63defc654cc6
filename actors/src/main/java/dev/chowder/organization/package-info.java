/**
 * Organizations: name, tier, provider settings, billing and the slots of their instances. Does not
 * know values of keys, nor anything about an instance but its id.
 */
@NullMarked
package dev.chowder.organization;

import org.jspecify.annotations.NullMarked;

/**
 * The organization: its name, tier, providers' settings and the slots of its instances. Knows no
 * key's value and nothing of an instance but its id.
 */
@NullMarked
package dev.chowder.organization;

import org.jspecify.annotations.NullMarked;

/**
 * Reads sections of the configuration into records, and refuses names that no module has. Rejects
 * values that the components of a record do not allow.
 */
@NullMarked
package dev.chowder.settings;

import org.jspecify.annotations.NullMarked;

/**
 * Reads sections of the configuration into records, and rejects values that their components do not
 * allow. Does not know any setting.
 */
@NullMarked
package dev.chowder.settings;

import org.jspecify.annotations.NullMarked;

/**
 * Classes that most modules need: ids, texts of errors, hashes, planted faults, threads that repeat
 * work. Knows no other module.
 */
@NullMarked
package dev.chowder.base;

import org.jspecify.annotations.NullMarked;

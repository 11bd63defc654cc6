/** Reads commands of documents, so that checks run them. Does not know what they do. */
@NullMarked
package dev.chowder.checks.page;

import org.jspecify.annotations.NullMarked;

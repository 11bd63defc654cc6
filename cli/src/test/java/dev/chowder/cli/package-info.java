@NullMarked
package dev.chowder.cli;

import org.jspecify.annotations.NullMarked;

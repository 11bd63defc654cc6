@NullMarked
package dev.chowder.cli.output;

import org.jspecify.annotations.NullMarked;

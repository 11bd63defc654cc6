@NullMarked
package dev.chowder.cli.context;

import org.jspecify.annotations.NullMarked;

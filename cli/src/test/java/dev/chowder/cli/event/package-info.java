@NullMarked
package dev.chowder.cli.event;

import org.jspecify.annotations.NullMarked;

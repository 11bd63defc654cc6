@NullMarked
package dev.chowder.cli.channel;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.cli.config;

import org.jspecify.annotations.NullMarked;

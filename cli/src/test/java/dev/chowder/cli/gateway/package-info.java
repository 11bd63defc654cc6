@NullMarked
package dev.chowder.cli.gateway;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.server.stream;

import org.jspecify.annotations.NullMarked;

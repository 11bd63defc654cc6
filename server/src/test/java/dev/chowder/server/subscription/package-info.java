@NullMarked
package dev.chowder.server.subscription;

import org.jspecify.annotations.NullMarked;

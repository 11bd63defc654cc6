@NullMarked
package dev.chowder.client;

import org.jspecify.annotations.NullMarked;

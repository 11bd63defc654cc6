@NullMarked
package dev.chowder.client.context;

import org.jspecify.annotations.NullMarked;

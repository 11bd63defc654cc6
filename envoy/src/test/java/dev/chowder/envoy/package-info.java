@NullMarked
package dev.chowder.envoy;

import org.jspecify.annotations.NullMarked;

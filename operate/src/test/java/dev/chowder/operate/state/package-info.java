@NullMarked
package dev.chowder.operate.state;

import org.jspecify.annotations.NullMarked;

/** Records the AOT caches of the server in training runs. */
@NullMarked
package dev.chowder.operate.aot;

import org.jspecify.annotations.NullMarked;

/** Records the AOT caches of the server in training runs. */
@NullMarked
package dev.chowder.installation.aot;

import org.jspecify.annotations.NullMarked;

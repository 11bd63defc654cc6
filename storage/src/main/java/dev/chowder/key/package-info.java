/** API keys: creation, storage and authentication. Does not know RPCs or headers. */
@NullMarked
package dev.chowder.key;

import org.jspecify.annotations.NullMarked;

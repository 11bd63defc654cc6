/** API keys: how they look, how they are kept, and who holds one. Knows no RPC and no header. */
@NullMarked
package dev.chowder.key;

import org.jspecify.annotations.NullMarked;

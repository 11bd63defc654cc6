/** Serves operators' queries and commands on a separate port, which requires a separate token. */
@NullMarked
package dev.chowder.server.operator;

import org.jspecify.annotations.NullMarked;

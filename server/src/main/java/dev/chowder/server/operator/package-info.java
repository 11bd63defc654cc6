/**
 * Serves operators' queries and commands on a separate port, which requires a separate token. Also
 * has operators' commands on the database and its backups, which need no node.
 */
@NullMarked
package dev.chowder.server.operator;

import org.jspecify.annotations.NullMarked;

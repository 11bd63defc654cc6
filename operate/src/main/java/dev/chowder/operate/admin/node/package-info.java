/** Commands that call the operator port of nodes. */
@NullMarked
package dev.chowder.operate.admin.node;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.operate.admin.node;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.admin.node;

import org.jspecify.annotations.NullMarked;

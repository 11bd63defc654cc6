@NullMarked
package dev.chowder.admin.key;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.operate.admin.key;

import org.jspecify.annotations.NullMarked;

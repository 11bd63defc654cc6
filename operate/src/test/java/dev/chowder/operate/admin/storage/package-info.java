@NullMarked
package dev.chowder.operate.admin.storage;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.admin.storage;

import org.jspecify.annotations.NullMarked;

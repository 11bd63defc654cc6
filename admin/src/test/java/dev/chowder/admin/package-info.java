@NullMarked
package dev.chowder.admin;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.demomodel;

import org.jspecify.annotations.NullMarked;

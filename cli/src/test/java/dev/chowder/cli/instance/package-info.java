@NullMarked
package dev.chowder.cli.instance;

import org.jspecify.annotations.NullMarked;

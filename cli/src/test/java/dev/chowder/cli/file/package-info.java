@NullMarked
package dev.chowder.cli.file;

import org.jspecify.annotations.NullMarked;

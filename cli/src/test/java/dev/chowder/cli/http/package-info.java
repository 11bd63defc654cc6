@NullMarked
package dev.chowder.cli.http;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.cli.session;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.chowder.cli.organization;

import org.jspecify.annotations.NullMarked;

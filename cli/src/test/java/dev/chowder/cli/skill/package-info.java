@NullMarked
package dev.chowder.cli.skill;

import org.jspecify.annotations.NullMarked;

/** InstanceService: parse, ask, present. Knows no rule of an instance's life. */
@NullMarked
package dev.chowder.server.instance;

import org.jspecify.annotations.NullMarked;

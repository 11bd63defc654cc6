/** Serves {@code InstanceService}. Does not know the rules of the lifecycle. */
@NullMarked
package dev.chowder.server.instance;

import org.jspecify.annotations.NullMarked;

/**
 * Serves {@code ChannelService}, which connects agents to chat services. Checks what a caller may
 * send. Does not know how to configure OpenClaw; {@code dev.chowder.openclaw} does.
 */
@NullMarked
package dev.chowder.server.channel;

import org.jspecify.annotations.NullMarked;

/**
 * {@code ChannelService}: the chat services that an agent is reached by. Knows callers and what
 * they may say; how OpenClaw is told is {@code dev.chowder.openclaw}'s to know.
 */
@NullMarked
package dev.chowder.server.channel;

import org.jspecify.annotations.NullMarked;

/** {@code ChannelService}'s parts, each by itself. */
@NullMarked
package dev.chowder.server.channel;

import org.jspecify.annotations.NullMarked;

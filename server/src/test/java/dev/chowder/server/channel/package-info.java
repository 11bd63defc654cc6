/** Tests parts of {@code ChannelService} separately. */
@NullMarked
package dev.chowder.server.channel;

import org.jspecify.annotations.NullMarked;

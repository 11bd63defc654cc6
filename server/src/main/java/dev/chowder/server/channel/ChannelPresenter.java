package dev.chowder.server.channel;

import static dev.chowder.actor.ProtoTime.stamp;

import dev.chowder.api.v1.Channel.ConnectionType;
import dev.chowder.api.v1.ChannelStatus;
import dev.chowder.api.v1.Pairing;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.server.request.StructJson;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Converts channels to messages of the API. Shows the names and descriptions of their fields, never
 * the values.
 *
 * @param publicUrl returns the public URL of a gateway for the id of its instance
 */
public record ChannelPresenter(UnaryOperator<String> publicUrl) {
  dev.chowder.api.v1.Channel channel(
      InstanceId id, Channel channel, Optional<ChannelRecord> record) {
    var shown =
        dev.chowder.api.v1.Channel.newBuilder()
            .setChannel(channel.id())
            .setConnectionType(
                switch (channel.kind()) {
                  case TOKEN -> ConnectionType.token;
                  case INTERACTIVE -> ConnectionType.interactive;
                })
            .setEnabled(
                record
                    .flatMap(ChannelRecord::effective)
                    .map(DesiredChannel::enabled)
                    .orElse(false));
    for (var field : channel.fields()) {
      if (field.required()) shown.putRequiredFields(field.name(), field.description());
      else shown.putOptionalFields(field.name(), field.description());
    }
    webhookUrl(id, channel).ifPresent(shown::setWebhookUrl);
    return shown.build();
  }

  Optional<String> webhookUrl(InstanceId id, Channel channel) {
    return channel.webhook().map(webhook -> publicUrl.apply(id.value()) + webhook.path());
  }

  static ChannelStatus status(Channel channel, OpenClawChannels.Account account) {
    return ChannelStatus.newBuilder()
        .setChannel(channel.id())
        .setEnabled(account.enabled())
        .setConnected(account.works())
        .setDetails(StructJson.toStruct(account.details()))
        .build();
  }

  static Pairing pairing(OpenClawChannels.Pairing pairing) {
    var shown =
        Pairing.newBuilder()
            .setId(pairing.id())
            .setSenderId(pairing.sender())
            .putAllSender(pairing.about());
    pairing.createdAt().ifPresent(at -> shown.setCreatedAt(stamp(at)));
    pairing.expiresAt().ifPresent(at -> shown.setExpiresAt(stamp(at)));
    return shown.build();
  }
}

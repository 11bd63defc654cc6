package dev.chowder.server.channel;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.ConnectChannelResponse.Status;
import dev.chowder.api.v1.Reason;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawChannels.Account;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.channel.ChannelRequests.Named;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.GatewayClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * Connects and disconnects channels of running gateways, and polls whether they work. Blocks.
 *
 * @param quick for calls that the gateway answers by itself
 * @param slow for calls that wait for the chat service, with a longer timeout
 */
public record InstanceChannels(
    ChannelSwitch channelSwitch,
    GatewayClient gateways,
    OpenClawChannels quick,
    OpenClawChannels slow,
    OpenClawSettings.Channels settings,
    Clock clock) {
  /** Connects the channel, and returns the state that it reached. */
  ConnectChannelResponse connect(Caller caller, ChannelRequests.Connection wanted) {
    var named = wanted.named();
    var config = channelSwitch.connect(caller, wanted);
    return gateways.call(
        caller,
        named.instance().value(),
        gateway ->
            switch (named.channel().kind()) {
              case TOKEN -> awaitConnection(gateway, named.channel(), config);
              case INTERACTIVE -> logIn(gateway, named.channel());
            });
  }

  /** Disconnects the channel. A stopped gateway applies the change at its next start. */
  void disconnect(Caller caller, Named named) {
    channelSwitch.disconnect(caller, named);
  }

  /** Returns the stored state of the channel; empty if it was never connected. */
  Optional<ChannelRecord> record(Caller caller, Named named) {
    return channelSwitch.record(caller, named);
  }

  /** Polls the channel until it works, is known to fail, or the time is over. */
  private ConnectChannelResponse awaitConnection(
      Gateway gateway, Channel channel, Map<String, String> secrets) throws InterruptedException {
    var deadline = deadline(settings.connectTimeout());
    while (true) {
      var account = account(gateway, channel, true, deadline);
      var status = status(account);
      if (status != Status.connecting || clock.instant().isAfter(deadline)) {
        var response = response(channel, status);
        if (status != Status.connected) {
          account
              .problem()
              .map(problem -> ChannelSwitch.masked(problem, secrets))
              .or(() -> account.configured() ? Optional.empty() : Optional.of("not configured"))
              .ifPresent(response::setMessage);
        }
        return response.build();
      }
      Thread.sleep(settings.pollInterval());
    }
  }

  /**
   * Reads the channel's state. Repeats the call until the deadline if the gateway is busy or does
   * not respond, because a new channel can restart it.
   */
  private Account account(Gateway gateway, Channel channel, boolean probe, Instant deadline)
      throws InterruptedException {
    while (true) {
      try {
        return slow.account(gateway, channel, probe);
      } catch (UnansweredException unanswered) {
        boolean passing =
            unanswered.why() instanceof AdminAnswer.NoAnswer
                || unanswered.why() instanceof AdminAnswer.Busy;
        if (!passing || clock.instant().isAfter(deadline)) throw unanswered;
      }
      Thread.sleep(settings.pollInterval());
    }
  }

  private static Status status(Account account) {
    if (!account.known()) return Status.connecting;
    if (account.probed().equals(Optional.of(false))) return Status.failed;
    if (!account.configured()) return Status.failed;
    return account.works() ? Status.connected : Status.connecting;
  }

  private ConnectChannelResponse logIn(Gateway gateway, Channel channel)
      throws InterruptedException {
    var deadline = deadline(settings.connectTimeout());
    var account = account(gateway, channel, false, deadline);
    while (!account.known() && clock.instant().isBefore(deadline)) {
      Thread.sleep(settings.pollInterval());
      account = account(gateway, channel, false, deadline);
    }
    // A linked channel needs no new scan. It connects by itself, as after each start.
    if (account.works() || account.details().path("linked").asBoolean()) {
      return awaitConnection(gateway, channel, Map.of());
    }
    var login = slow.beginLogin(gateway, channel, settings.loginTimeout());
    if (login.connected()) return response(channel, Status.connected).build();
    var code =
        login
            .png()
            .orElseThrow(
                () ->
                    ApiError.of(
                        Reason.GATEWAY_UNAVAILABLE,
                        cannot(
                            "connect " + channel.id(),
                            "its service returned no code to scan: " + login.message(),
                            "try again later")));
    return response(channel, Status.awaiting_scan)
        .setQrImageBase64(code)
        .setMessage(login.message())
        .build();
  }

  private Instant deadline(Duration limit) {
    return clock.instant().plus(limit);
  }

  private static ConnectChannelResponse.Builder response(Channel channel, Status status) {
    return ConnectChannelResponse.newBuilder().setChannel(channel.id()).setStatus(status);
  }

  /** Returns the state of the channel as its gateway reports it now. */
  Account status(Caller caller, Named named) {
    var channel = named.channel();
    var account =
        gateways.call(
            caller,
            named.instance().value(),
            gateway -> {
              var now = quick.account(gateway, channel, false);
              boolean mayBeScanned =
                  channel.kind() == Channel.Kind.INTERACTIVE && now.enabled() && !now.works();
              return mayBeScanned && scanned(gateway, channel)
                  ? quick.account(gateway, channel, false)
                  : now;
            });
    var secrets =
        channelSwitch
            .record(caller, named)
            .map(record -> record.desired().config())
            .orElse(Map.of());
    account
        .details()
        .properties()
        .forEach(
            entry -> {
              if (entry.getValue().isTextual()) {
                account
                    .details()
                    .put(entry.getKey(), ChannelSwitch.masked(entry.getValue().asText(), secrets));
              }
            });
    return account;
  }

  /**
   * Waits briefly for the code to be scanned. OpenClaw completes a login only while a call waits
   * for it, so each status call waits.
   */
  private boolean scanned(Gateway gateway, Channel channel) throws InterruptedException {
    try {
      return quick.awaitLogin(gateway, channel, settings.scanTimeout()).connected();
    } catch (UnansweredException noLogin) {
      return false;
    }
  }
}

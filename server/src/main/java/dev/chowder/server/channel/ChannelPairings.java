package dev.chowder.server.channel;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.excerpt;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawChannels.Pairing;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.channel.ChannelRequests.Named;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.GatewayClient;
import dev.chowder.server.instance.InstanceClient;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists and approves pairings of senders with an agent. Blocks.
 *
 * @param quick for calls that the gateway answers by itself
 * @param slow for calls that wait for the chat service, with a longer timeout
 */
public record ChannelPairings(
    InstanceClient client,
    GatewayClient gateways,
    OpenClawChannels quick,
    OpenClawChannels slow,
    Sandboxes sandboxes,
    OpenClawSettings.Channels settings) {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelPairings.class);

  /** Returns the pairings that wait for approval. */
  List<Pairing> list(Caller caller, Named named) {
    return gateways.call(
        caller, named.instance().value(), gateway -> quick.pairings(gateway, named.channel()));
  }

  /** Approves a pairing, and returns the id of its sender at the chat service. */
  String approve(Caller caller, ChannelRequests.Pair wanted) {
    var named = wanted.named();
    return gateways.call(
        caller,
        named.instance().value(),
        gateway -> {
          var waiting = slow.pairings(gateway, named.channel());
          var pairing = find(caller, wanted, waiting).orElseThrow(() -> notFound(wanted));
          if (!slow.approve(gateway, named.channel(), pairing)) throw notFound(wanted);
          return pairing.sender();
        });
  }

  private Optional<Pairing> find(
      Caller caller, ChannelRequests.Pair wanted, List<Pairing> waiting) {
    if (waiting.isEmpty()) return Optional.empty();
    if (wanted.pairingId().isPresent()) {
      return waiting.stream().filter(one -> one.id().equals(wanted.pairingId().get())).findFirst();
    }
    var channel = wanted.named().channel();
    var view = client.get(caller, wanted.named().instance());
    try {
      var printed =
          sandboxes
              .of(view.id().value(), view.profile().home())
              .exec(OpenClawChannels.codesCommand(channel), settings.codesTimeout());
      if (printed.exitCode() != 0) throw noCodes(wanted, printed.output());
      return OpenClawChannels.withCode(printed.output(), wanted.code().orElseThrow(), waiting);
    } catch (SandboxException why) {
      throw noCodes(wanted, why.getMessage());
    }
  }

  private static ApiError noCodes(ChannelRequests.Pair wanted, @Nullable String why) {
    // An agent controls the output of the command.
    LOG.warn(
        "instance={} cannot list pairing codes: {}",
        wanted.named().instance(),
        excerpt(String.valueOf(why), AdminAnswer.MAX_TEXT));
    return ApiError.of(
        Reason.GATEWAY_UNAVAILABLE,
        cannot(
            "approve the pairing",
            "the sandbox did not return its pairing codes",
            "use pairing_id instead, or try again later"));
  }

  private static ApiError notFound(ChannelRequests.Pair wanted) {
    return ApiError.of(
        Reason.PAIRING_NOT_FOUND,
        wanted.code().isPresent()
            ? must("code", "be a pairing code that was sent within the last hour")
            : must("pairing_id", "be an id that ListPairings returns"));
  }
}

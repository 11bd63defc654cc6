package dev.chowder.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Simulates the channels of one agent: their status, derived from the configuration, and senders
 * that wait for approval. A channel rejects a token that contains {@code wrong}. With {@code eager}
 * in the token, a sender writes at once. Except for the configuration, everything is in memory
 * only.
 */
final class FakeChannels {
  private static final String DEFAULT = "default";
  private static final String EAGER = "42";
  private static final int MAX_PENDING = 3;
  private static final Duration KEPT = Duration.ofHours(1);

  /** An image of one pixel. */
  private static final String PICTURE =
      "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

  private record Pending(String channel, String sender, String name, int number, Instant at) {
    String code() {
      return "CODE%04d".formatted(number);
    }

    String id() {
      return "request-" + number;
    }
  }

  private final List<Pending> pending = new ArrayList<>();
  private final Set<String> approved = new HashSet<>();
  private final Set<String> linked = new HashSet<>();
  private int numbers;

  /**
   * Returns a channel of the patch that the gateway does not know, because its plugin is missing or
   * broken.
   */
  static Optional<String> unknown(ObjectNode config, JsonNode patch) {
    for (var channel : patch.path("channels").properties()) {
      if (channel.getKey().equals("telegram") || channel.getValue().isNull()) continue;
      boolean broken = channel.getValue().toString().contains("forbidden");
      if (broken || !config.at("/plugins/entries").has(channel.getKey())) {
        return Optional.of(channel.getKey());
      }
    }
    return Optional.empty();
  }

  synchronized ObjectNode status(ObjectNode config, JsonNode params) {
    var payload = FakeOpenClaw.JSON.createObjectNode();
    var accounts = payload.putObject("channelAccounts");
    var defaults = payload.putObject("channelDefaultAccountId");
    for (var entry : config.path("channels").properties()) {
      var channel = entry.getKey();
      if (!channel.equals(params.path("channel").asText(channel))) continue;
      defaults.put(channel, DEFAULT);
      var account = accounts.putArray(channel).addObject().put("accountId", DEFAULT);
      boolean enabled = entry.getValue().path("enabled").asBoolean();
      boolean refused = entry.getValue().toString().contains("wrong");
      boolean works =
          enabled && !refused && (!channel.equals("whatsapp") || linked.contains(channel));
      account.put("enabled", enabled).put("configured", true).put("running", works);
      account.put("connected", works);
      if (refused) account.put("lastError", "401: Unauthorized");
      // A sender writes at once, in whichever process the simulation runs.
      if (entry.getValue().toString().contains("eager") && !isApproved(channel, EAGER)) {
        requestPairing(channel, EAGER, "Ada");
      }
      if (params.path("probe").asBoolean() && enabled && !channel.equals("whatsapp")) {
        account.putObject("probe").put("ok", !refused);
      }
    }
    return payload;
  }

  synchronized ObjectNode login(String method, JsonNode params) {
    var answer = FakeOpenClaw.JSON.createObjectNode();
    boolean connected = linked.contains(params.path("channel").asText());
    answer.put("connected", connected);
    if (connected) answer.put("message", "Linked.");
    else answer.put("message", "Scan this QR in WhatsApp.");
    if (!connected && method.endsWith("start")) answer.put("qrDataUrl", PICTURE);
    return answer;
  }

  synchronized void scan(String channel) {
    linked.add(channel);
  }

  synchronized String requestPairing(String channel, String sender, String name) {
    for (var one : pending) {
      if (one.channel().equals(channel) && one.sender().equals(sender)) return one.code();
    }
    if (pending.stream().filter(one -> one.channel().equals(channel)).count() >= MAX_PENDING) {
      return "";
    }
    var one =
        new Pending(channel, sender, name, ++numbers, Instant.now().truncatedTo(ChronoUnit.MILLIS));
    pending.add(one);
    return one.code();
  }

  synchronized boolean isApproved(String channel, String sender) {
    return approved.contains(channel + " " + sender);
  }

  /** Returns the output of the command that prints the waiting codes. */
  synchronized String codes(String channel) {
    var printed = FakeOpenClaw.JSON.createArrayNode();
    for (var one : of(channel)) {
      var row = printed.addObject().put("code", one.code());
      row.put("createdAt", one.at().toString()).put("sender", one.sender());
    }
    return printed + "\n";
  }

  private List<Pending> of(String channel) {
    return pending.stream().filter(one -> one.channel().equals(channel)).toList();
  }

  /** Answers a request about pairings, and returns whether it was one. */
  synchronized boolean answer(String method, JsonNode params, ObjectNode answer) {
    if (method.equals("channels.pairing.list")) {
      list(params.path("channel").asText(), answer);
      return true;
    }
    if (method.equals("channels.pairing.approve")) {
      approve(params.path("channel").asText(), params.path("requestId").asText(), answer);
      return true;
    }
    return false;
  }

  private void list(String channel, ObjectNode answer) {
    var rows = answer.put("ok", true).putObject("payload").putArray("requests");
    for (var one : of(channel)) {
      var row = rows.addObject().put("requestId", one.id()).put("channel", channel);
      row.put("accountId", DEFAULT).put("senderId", one.sender());
      row.putObject("metadata").put("firstName", one.name());
      row.put("createdAt", one.at().toString());
      row.put("expiresAt", one.at().plus(KEPT).toString());
    }
  }

  private void approve(String channel, String id, ObjectNode answer) {
    var found = of(channel).stream().filter(one -> one.id().equals(id)).findFirst();
    answer.put("ok", found.isPresent());
    if (found.isEmpty()) {
      answer
          .putObject("error")
          .put("code", "INVALID_REQUEST")
          .put("message", "pending DM access request no longer exists");
      return;
    }
    pending.remove(found.get());
    approved.add(channel + " " + found.get().sender());
    answer.putObject("payload").put("requestId", id);
  }
}

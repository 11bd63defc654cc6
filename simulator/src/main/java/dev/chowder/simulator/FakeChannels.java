package dev.chowder.simulator;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Simulates the channels of one agent: their status, derived from the configuration, and senders
 * that wait for approval. A channel rejects a token that contains {@code wrong}. With {@code eager}
 * in the token, a sender writes at once.
 */
final class FakeChannels {
  private static final String DEFAULT = "default";
  private static final String EAGER = "42";
  private static final int MAX_PENDING = 3;
  private static final Duration KEPT = Duration.ofHours(1);

  /** An image of one pixel. */
  private static final String PICTURE =
      "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

  /** A sender that waits for approval since a time in epoch milliseconds. */
  record Pending(String channel, String sender, String name, int number, long at) {
    String code() {
      return "CODE%04d".formatted(number);
    }

    String id() {
      return "request-" + number;
    }

    String since() {
      return Instant.ofEpochMilli(at).toString();
    }

    String until() {
      return Instant.ofEpochMilli(at).plus(KEPT).toString();
    }
  }

  /**
   * What is not in the configuration.
   *
   * @param numbers the number of the last pending sender
   */
  record Senders(List<Pending> pending, Set<String> approved, Set<String> linked, int numbers) {
    Senders(Senders other, int numbers) {
      this(
          new ArrayList<>(other.pending),
          new HashSet<>(other.approved),
          new HashSet<>(other.linked),
          numbers);
    }
  }

  private final StateFile<Senders> file;

  FakeChannels(Optional<Path> file) {
    this.file = new StateFile<>(file, new TypeReference<>() {});
  }

  private Senders read() {
    return file.read().orElse(new Senders(List.of(), Set.of(), Set.of(), 0));
  }

  /** Returns a copy to change and write. */
  private static Senders copy(Senders read) {
    return new Senders(read, read.numbers);
  }

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
      boolean works = enabled && !refused && (!channel.equals("whatsapp") || isLinked(channel));
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
    boolean connected = isLinked(params.path("channel").asText());
    answer.put("connected", connected);
    if (connected) answer.put("message", "Linked.");
    else answer.put("message", "Scan this QR in WhatsApp.");
    if (!connected && method.endsWith("start")) answer.put("qrDataUrl", PICTURE);
    return answer;
  }

  synchronized void scan(String channel) {
    var changed = copy(read());
    changed.linked.add(channel);
    file.write(changed);
  }

  private boolean isLinked(String channel) {
    return read().linked.contains(channel);
  }

  synchronized String requestPairing(String channel, String sender, String name) {
    var senders = read();
    for (var one : senders.pending) {
      if (one.channel().equals(channel) && one.sender().equals(sender)) return one.code();
    }
    if (senders.pending.stream().filter(one -> one.channel().equals(channel)).count()
        >= MAX_PENDING) {
      return "";
    }
    int number = senders.numbers + 1;
    var one = new Pending(channel, sender, name, number, System.currentTimeMillis());
    var changed = new Senders(senders, number);
    changed.pending.add(one);
    file.write(changed);
    return one.code();
  }

  synchronized boolean isApproved(String channel, String sender) {
    return read().approved.contains(channel + " " + sender);
  }

  /** Returns the output of the command that prints the waiting codes. */
  synchronized String codes(String channel) {
    var printed = FakeOpenClaw.JSON.createArrayNode();
    for (var one : of(channel)) {
      var row = printed.addObject().put("code", one.code());
      row.put("createdAt", one.since()).put("sender", one.sender());
    }
    return printed + "\n";
  }

  private List<Pending> of(String channel) {
    return read().pending.stream().filter(one -> one.channel().equals(channel)).toList();
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
      row.put("createdAt", one.since());
      row.put("expiresAt", one.until());
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
    var changed = copy(read());
    changed.pending.remove(found.get());
    changed.approved.add(channel + " " + found.get().sender());
    file.write(changed);
    answer.putObject("payload").put("requestId", id);
  }
}

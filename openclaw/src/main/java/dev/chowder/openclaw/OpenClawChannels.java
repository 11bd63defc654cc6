package dev.chowder.openclaw;

import static dev.chowder.openclaw.config.OpenClawConfig.none;
import static dev.chowder.openclaw.config.OpenClawConfig.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.ErrorText;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.OpenClawConfig;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads the current state of an agent's channels from its gateway, and lists and approves pairings.
 * Blocks. Throws {@link UnansweredException} if the gateway does not respond or rejects a call.
 */
public record OpenClawChannels(OpenClawAdmin admin, GatewayConversations conversations) {
  private static final String DATA_URL = "data:image/png;base64,";

  /**
   * Prints the waiting codes of a channel as JSON. Reads them from OpenClaw's database, because
   * {@code openclaw pairing list} takes seconds of processor time. After a channel was connected,
   * that command also waits for a running plugin installation, and fails if another change follows.
   */
  private static final String PRINT_CODES =
      """
      try {
        const { DatabaseSync } = require("node:sqlite");
        const file = process.env.HOME + "/.openclaw/state/openclaw.sqlite";
        const rows = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
          .prepare(`SELECT code, created_at AS createdAt,
              coalesce(CASE WHEN json_valid(meta_json)
                THEN json_extract(meta_json, '$.senderId') END, request_id) AS sender
            FROM channel_pairing_requests WHERE channel_key = ?`)
          .all(process.argv[1]);
        console.log(JSON.stringify(rows));
      } catch (failure) {
        console.log(failure.message);
        process.exitCode = 1;
      }
      """;

  /** The fields of an account's state that are useful to people and not secret. */
  private static final List<String> SHOWN =
      List.of(
          "running",
          "configured",
          "linked",
          "mode",
          "healthState",
          "lifecycle",
          "reconnectAttempts",
          "restartPending",
          "lastConnectedAt",
          "lastStartAt",
          "lastStopAt",
          "lastInboundAt",
          "lastOutboundAt",
          "lastError");

  /**
   * The state of a channel at its gateway.
   *
   * @param known whether the gateway has the channel; if not, all other fields are empty
   * @param enabled whether the configuration enables the channel
   * @param configured whether the channel has all settings that it needs
   * @param running whether the gateway runs the channel
   * @param connected whether the channel works; empty if this kind of channel does not report it
   * @param probed whether the service accepted the credentials; empty if there was no probe
   * @param problem the last error
   * @param details further fields for people
   */
  public record Account(
      boolean known,
      boolean enabled,
      boolean configured,
      boolean running,
      Optional<Boolean> connected,
      Optional<Boolean> probed,
      Optional<String> problem,
      ObjectNode details) {
    /** Returns whether messages can pass in both directions. */
    public boolean works() {
      return enabled && running && connected.orElse(problem.isEmpty());
    }
  }

  /**
   * Returns the state of a channel.
   *
   * @param probe whether to check the credentials at the service, which takes seconds
   */
  public Account account(Gateway gateway, Channel channel, boolean probe)
      throws InterruptedException {
    var params = none().put("channel", channel.id()).put("probe", probe);
    var answer = admin.call(gateway.at(), gateway.token(), "channels.status", params);
    // A gateway rejects a channel that it does not have as a bad request.
    if (answer instanceof AdminAnswer.Refused) return account(none());
    var payload = answer.payload();
    var id = payload.path("channelDefaultAccountId").path(channel.id()).asText("default");
    for (var one : payload.path("channelAccounts").path(channel.id())) {
      if (one.path("accountId").asText().equals(id)) return account(one);
    }
    return account(none());
  }

  private static Account account(JsonNode row) {
    var probe = row.path("probe");
    var problem = text(row.path("lastError")).or(() -> text(probe.path("error")));
    return new Account(
        !row.isEmpty(),
        row.path("enabled").asBoolean(!row.isEmpty()),
        row.path("configured").asBoolean(!row.isEmpty()),
        row.path("running").asBoolean(),
        flag(row.path("connected")),
        flag(probe.path("ok")),
        problem,
        details(row));
  }

  private static ObjectNode details(JsonNode row) {
    var details = none();
    for (var name : SHOWN) {
      var value = row.path(name);
      if (value.isNumber() && name.endsWith("At")) {
        details.put(snake(name), Instant.ofEpochMilli(value.longValue()).toString());
      } else if (value.isValueNode() && !value.isNull()) {
        details.set(snake(name), value);
      }
    }
    text(row.at("/probe/bot/username"))
        .or(() -> text(row.at("/bot/username")))
        .ifPresent(name -> details.put("bot", name));
    return details;
  }

  private static String snake(String camel) {
    return camel.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  /**
   * A login with a code that a person scans.
   *
   * @param connected whether the login succeeded
   * @param png the picture of the code in base64; empty if there is none
   * @param message OpenClaw's message
   */
  public record Login(boolean connected, Optional<String> png, String message) {
    public Login {
      message = ErrorText.excerpt(message, AdminAnswer.MAX_TEXT);
    }
  }

  /** Starts a login, or returns the code of the running one. */
  public Login beginLogin(Gateway gateway, Channel channel, Duration limit)
      throws InterruptedException {
    return login(gateway, channel, "web.login.start", limit);
  }

  /** Waits for the end of the login. OpenClaw connects only while a call waits. */
  public Login awaitLogin(Gateway gateway, Channel channel, Duration limit)
      throws InterruptedException {
    return login(gateway, channel, "web.login.wait", limit);
  }

  private Login login(Gateway gateway, Channel channel, String method, Duration limit)
      throws InterruptedException {
    var params = none().put("channel", channel.id()).put("timeoutMs", limit.toMillis());
    var payload = admin.call(gateway.at(), gateway.token(), method, params).payload();
    return new Login(
        payload.path("connected").asBoolean(),
        text(payload.path("qrDataUrl"))
            .filter(url -> url.startsWith(DATA_URL))
            .map(url -> url.substring(DATA_URL.length())),
        payload.path("message").asText());
  }

  /**
   * A person who wrote to the agent and waits for approval.
   *
   * @param id OpenClaw's id of the request
   * @param account the channel's account
   * @param sender the service's id of the person
   * @param about the service's data about the person, such as a name
   */
  public record Pairing(
      String id,
      String account,
      String sender,
      Map<String, String> about,
      Optional<Instant> createdAt,
      Optional<Instant> expiresAt) {}

  /** Returns the waiting pairings, oldest first. */
  public List<Pairing> pairings(Gateway gateway, Channel channel) throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var answer = socket.call("channels.pairing.list", none().put("channel", channel.id()));
      // A gateway rejects a channel that it does not have as a bad request.
      var pairings = new ArrayList<Pairing>();
      if (answer instanceof AdminAnswer.Refused) return pairings;
      for (var row : answer.payload().path("requests")) {
        var about = new TreeMap<String, String>();
        row.path("metadata")
            .properties()
            .forEach(e -> about.put(e.getKey(), e.getValue().asText()));
        pairings.add(
            new Pairing(
                row.path("requestId").asText(),
                row.path("accountId").asText(),
                row.path("senderId").asText(),
                about,
                time(row.path("createdAt")),
                time(row.path("expiresAt"))));
      }
      return pairings;
    }
  }

  /**
   * Approves a pairing and makes the agent notify the person. Returns false if the pairing no
   * longer waits.
   */
  public boolean approve(Gateway gateway, Channel channel, Pairing pairing)
      throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var params =
          none()
              .put("channel", channel.id())
              .put("accountId", pairing.account())
              .put("requestId", pairing.id())
              .put("notify", true);
      var answer = socket.call("channels.pairing.approve", params);
      if (answer instanceof AdminAnswer.Refused) return false;
      var _ = answer.payload();
      return true;
    }
  }

  /** Returns the command that prints the waiting codes, which no gateway call returns. */
  public static List<String> codesCommand(Channel channel) {
    return List.of("node", "--no-warnings", "-e", PRINT_CODES, channel.id());
  }

  /** Returns the pairing of this code, according to the output of {@link #codesCommand}. */
  public static Optional<Pairing> withCode(String printed, String code, List<Pairing> pairings) {
    JsonNode json;
    try {
      json = OpenClawConfig.JSON.readTree(printed);
    } catch (JsonProcessingException noJson) {
      return Optional.empty();
    }
    for (var row : json) {
      if (!row.path("code").asText().equalsIgnoreCase(code)) continue;
      var sender = row.path("sender").asText();
      var at = time(row.path("createdAt"));
      return pairings.stream()
          .filter(pairing -> pairing.sender().equals(sender) && pairing.createdAt().equals(at))
          .findFirst();
    }
    return Optional.empty();
  }

  private static Optional<Instant> time(JsonNode value) {
    try {
      return text(value).map(Instant::parse);
    } catch (DateTimeException none) {
      return Optional.empty();
    }
  }

  private static Optional<Boolean> flag(JsonNode value) {
    return value.isBoolean() ? Optional.of(value.booleanValue()) : Optional.empty();
  }
}

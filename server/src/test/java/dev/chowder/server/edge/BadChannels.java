package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.CHANNEL_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.KEY_INVALID;
import static dev.chowder.api.v1.Reason.KEY_LACKS_PERMISSION;
import static dev.chowder.api.v1.Reason.PAIRING_NOT_FOUND;
import static dev.chowder.api.v1.Reason.PATH_NOT_FOUND;
import static dev.chowder.api.v1.Reason.WRONG_STATE;

import dev.chowder.api.v1.Reason;
import java.util.ArrayList;
import java.util.List;

/** Channels that do not exist, have wrong fields, or belong to another organization. */
final class BadChannels {
  private static final String CHANNELS = "/v1/instances/{running}/channels/";

  private BadChannels() {}

  static List<BadInput> rows() {
    var rows = new ArrayList<BadInput>();
    for (var name : List.of("nope", "Telegram", "telegram%20", "..%2ftelegram", "%F0%9F%92%A9")) {
      row(rows, "the channel «" + name + "»", "GET " + CHANNELS + name, CHANNEL_NOT_FOUND);
      row(
          rows,
          "the status of «" + name + "»",
          "GET " + CHANNELS + name + "/status",
          CHANNEL_NOT_FOUND);
      connect(rows, name, "{\"token\":\"123456:aaaaaaaaaaaa\"}", CHANNEL_NOT_FOUND);
    }
    // Missing, unknown or ill-formed fields.
    connect(rows, "telegram", "{}", INVALID_FIELD);
    connect(rows, "telegram", "{\"token\":\"\"}", INVALID_FIELD);
    connect(rows, "telegram", "{\"token\":\"no token\"}", INVALID_FIELD);
    connect(rows, "telegram", "{\"token\":\"123456:aaaaaaaaaaaa\\n\"}", INVALID_FIELD);
    connect(rows, "telegram", "{\"token\":\"1:" + "a".repeat(20_000) + "\"}", INVALID_FIELD);
    connect(
        rows, "telegram", "{\"token\":\"123456:aaaaaaaaaaaa\",\"color\":\"red\"}", INVALID_FIELD);
    connect(rows, "telegram", "{\"api_root\":\"https://example.com\"}", INVALID_FIELD);
    for (var url :
        List.of(
            "ftp://example.com",
            "http://localhost:9999",
            "http://127.0.0.1:9999",
            "http://10.0.0.1",
            "http://169.254.169.254",
            "http://user:pass@example.com",
            "nonsense")) {
      connect(
          rows,
          "telegram",
          "{\"token\":\"123456:aaaaaaaaaaaa\",\"api_root\":\"" + url + "\"}",
          INVALID_FIELD);
    }
    connect(rows, "slack", "{\"bot_token\":\"xoxb-123456\"}", INVALID_FIELD);
    connect(
        rows,
        "slack",
        "{\"bot_token\":\"xapp-123456\",\"app_token\":\"xapp-123456\"}",
        INVALID_FIELD);
    connect(rows, "whatsapp", "{\"token\":\"123456:aaaaaaaaaaaa\"}", INVALID_FIELD);
    connect(rows, "googlechat", "{\"audience_type\":\"x\",\"audience\":\"y\"}", INVALID_FIELD);
    connect(rows, "signal", "{\"account\":\"0123\"}", INVALID_FIELD);
    connect(rows, "nostr", "{\"private_key\":\"abc\"}", INVALID_FIELD);
    json(
        rows,
        "a config with values that are not text",
        "telegram/connect",
        "{\"config\":{\"token\":1}}",
        INVALID_FIELD);
    json(rows, "a config that is a list", "telegram/connect", "{\"config\":[]}", INVALID_FIELD);
    json(rows, "a connect with an unknown field", "telegram/connect", "{\"x\":1}", INVALID_FIELD);
    json(rows, "a connect that is not JSON", "telegram/connect", "{\"config\":", INVALID_FIELD);
    // Pairing codes.
    json(rows, "a pair without a code", "telegram/pair", "{}", INVALID_FIELD);
    json(
        rows,
        "a pair with code and id",
        "telegram/pair",
        "{\"code\":\"AAAA\",\"pairing_id\":\"a\"}",
        INVALID_FIELD);
    for (var code :
        List.of("", "A", "a b c d", "--help", "A".repeat(17), "AAAA\\n", "$(id)", "ÄÄÄÄ")) {
      json(
          rows,
          "the code «" + code + "»",
          "telegram/pair",
          "{\"code\":\"" + code + "\"}",
          INVALID_FIELD);
    }
    json(
        rows,
        "a pairing id of an unknown format",
        "telegram/pair",
        "{\"pairing_id\":\"a b\"}",
        INVALID_FIELD);
    json(
        rows,
        "an unknown pairing code",
        "telegram/pair",
        "{\"code\":\"ABCD2345\"}",
        PAIRING_NOT_FOUND);
    json(rows, "an unknown pairing id", "line/pair", "{\"pairing_id\":\"abc\"}", PAIRING_NOT_FOUND);
    row(rows, "no such call of a channel", "DELETE " + CHANNELS + "telegram", PATH_NOT_FOUND);
    callers(rows);
    return rows;
  }

  private static void callers(List<BadInput> rows) {
    for (var call :
        List.of(
            "GET %s",
            "GET %s/telegram",
            "GET %s/telegram/status",
            "GET %s/telegram/pairings",
            "POST %s/telegram/disconnect")) {
      var own = call.formatted("/v1/instances/{running}/channels");
      rows.add(BadInput.of("without a key: " + own, own, KEY_INVALID).without("Authorization"));
      rows.add(
          BadInput.of("a key that may only read: " + own, own, KEY_LACKS_PERMISSION)
              .key("reader_key"));
      for (var id : List.of("{foreign}", "{deleted}", "nope")) {
        var other = call.formatted("/v1/instances/" + id + "/channels");
        row(rows, "another organization's: " + other, other, INSTANCE_NOT_FOUND);
      }
    }
    for (var tail : List.of("telegram/status", "telegram/pairings")) {
      row(rows, "stopped: " + tail, "GET /v1/instances/{stopped}/channels/" + tail, WRONG_STATE);
      rows.add(
          BadInput.of(
                  "provisioning: " + tail,
                  "GET /v1/instances/{provisioning}/channels/" + tail,
                  WRONG_STATE)
              .key("slow_key"));
    }
    rows.add(
        BadInput.of(
                "asleep: a connect",
                "POST /v1/instances/{stopped}/channels/telegram/connect",
                WRONG_STATE)
            .json("{\"config\":{\"token\":\"123456:aaaaaaaaaaaa\"}}"));
    rows.add(
        BadInput.of(
                "asleep: a pair",
                "POST /v1/instances/{stopped}/channels/telegram/pair",
                WRONG_STATE)
            .json("{\"code\":\"ABCD2345\"}"));
  }

  private static void row(List<BadInput> rows, String what, String call, Reason reason) {
    rows.add(BadInput.of(what, call, reason));
  }

  private static void connect(List<BadInput> rows, String channel, String config, Reason reason) {
    var shown = config.length() > 70 ? config.substring(0, 70) + "..." : config;
    rows.add(
        BadInput.of(
                "connect «" + channel + "» with " + shown,
                "POST " + CHANNELS + channel + "/connect",
                reason)
            .json("{\"config\":" + config + "}"));
  }

  private static void json(
      List<BadInput> rows, String what, String tail, String json, Reason reason) {
    rows.add(BadInput.of(what, "POST " + CHANNELS + tail, reason).json(json));
  }
}

package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.BILLING_NOT_CONFIGURED;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.KEY_INVALID;
import static dev.chowder.api.v1.Reason.KEY_LACKS_PERMISSION;
import static dev.chowder.api.v1.Reason.KEY_NOT_FOUND;
import static dev.chowder.api.v1.Reason.PATH_NOT_FOUND;
import static dev.chowder.api.v1.Reason.TOO_LARGE;
import static dev.chowder.api.v1.Reason.WRONG_STATE;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;

/**
 * Callers without permission, messages that no agent accepts, verbs in the wrong state, and bad
 * settings.
 */
final class BadCallers {
  private static final String LIST = "GET /v1/instances";
  private static final String MESSAGE = "POST /v1/instances/{running}/responses";

  private BadCallers() {}

  static List<BadInput> rows() {
    var rows = new ArrayList<BadInput>();
    keys(rows);
    states(rows);
    messages(rows);
    providers(rows);
    idempotency(rows);
    scopedKeys(rows);
    subscription(rows);
    return rows;
  }

  private static void scopedKeys(List<BadInput> rows) {
    for (var call :
        List.of(
            LIST,
            "GET /v1/watch",
            "GET /v1/events",
            "GET /v1/organization",
            "GET /v1/keys",
            "DELETE /v1/instances/{running}",
            "POST /v1/instances/{running}/stop",
            "GET /v1/instances/{running}/logs",
            "GET /v1/instances/{running}/gateway")) {
      rows.add(
          BadInput.of("a key that may only read: " + call, call, KEY_LACKS_PERMISSION)
              .key("reader_key"));
    }
    rows.add(
        message("a message with a key that may only read", MESSAGE, KEY_LACKS_PERMISSION)
            .key("reader_key"));
    for (var call :
        List.of(
            "GET /v1/instances/{stopped}",
            "GET /v1/instances/{foreign}",
            "GET /v1/instances/{deleted}/watch",
            "GET /v1/instances/x/events")) {
      rows.add(
          BadInput.of("an instance that the key does not name: " + call, call, INSTANCE_NOT_FOUND)
              .key("reader_key"));
    }
    for (var id : List.of("x", "{running}", "00000000-0000-7000-8000-000000000000", "..%2f..")) {
      rows.add(BadInput.of("the key of id " + id, "GET /v1/keys/" + id, KEY_NOT_FOUND));
      rows.add(BadInput.of("a revocation of key " + id, "DELETE /v1/keys/" + id, KEY_NOT_FOUND));
    }
    var good = "\"instance_ids\":[\"{running}\"],\"permissions\":[\"read\"]";
    for (var json :
        List.of(
            "{}",
            "{" + good + "}",
            "{\"name\":\" \"," + good + "}",
            "{\"name\":\"" + "k".repeat(129) + "\"," + good + "}",
            "{\"name\":\"k\",\"permissions\":[\"read\"]}",
            "{\"name\":\"k\",\"instance_ids\":[\"{running}\"]}",
            "{\"name\":\"k\",\"instance_ids\":[\"{running}\"],\"permissions\":[\"fly\"]}",
            "{\"name\":\"k\",\"instance_ids\":[\"{running}\"],\"permissions\":[\"unspecified\"]}",
            "{\"name\":\"k\",\"instance_ids\":[\"{running}\"],\"permissions\":[99]}",
            "{\"name\":\"k\",\"expires_at\":\"2020-01-01T00:00:00Z\"," + good + "}",
            "{\"name\":\"k\",\"expires_at\":\"tomorrow\"," + good + "}",
            "{\"name\":\"k\",\"session_prefix\":\"\"," + good + "}",
            "{\"name\":\"k\",\"session_prefix\":\"a b\"," + good + "}",
            "{\"name\":\"k\",\"session_prefix\":\"" + "p".repeat(65) + "\"," + good + "}")) {
      rows.add(
          BadInput.of(
                  "a key of " + (json.length() > 120 ? json.substring(0, 120) : json),
                  "POST /v1/keys",
                  INVALID_FIELD)
              .json(json));
    }
    rows.add(
        BadInput.of("a key of 501 instances", "POST /v1/keys", INVALID_FIELD)
            .json(
                "{\"name\":\"k\",\"permissions\":[\"read\"],\"instance_ids\":["
                    + "\"x\",".repeat(500)
                    + "\"x\"]}"));
    for (var id : List.of("{foreign}", "{deleted}", "x", "")) {
      rows.add(
          BadInput.of("a key of the instance «" + id + "»", "POST /v1/keys", INSTANCE_NOT_FOUND)
              .json(
                  "{\"name\":\"k\",\"permissions\":[\"read\"],\"instance_ids\":[\"{running}\",\""
                      + id
                      + "\"]}"));
    }
    for (var query : List.of("page_size=0", "page_size=501", "page_token=x")) {
      rows.add(BadInput.of("keys by " + query, "GET /v1/keys?" + query, INVALID_FIELD));
    }
  }

  private static void keys(List<BadInput> rows) {
    for (var call :
        List.of(
            LIST,
            "GET /v1/organization",
            "GET /v1/instances/{running}",
            "DELETE /v1/instances/{running}",
            "POST /v1/instances/{running}/stop",
            "GET /v1/instances/{running}/watch",
            "GET /v1/instances/{running}/gateway")) {
      rows.add(BadInput.of("no key: " + call, call, KEY_INVALID).without("Authorization"));
    }
    rows.add(
        BadInput.of("no key: a creation", "POST /v1/instances", KEY_INVALID)
            .json("{\"name\":\"x\"}")
            .without("Authorization"));
    rows.add(
        BadInput.of("no key: a message", MESSAGE, KEY_INVALID)
            .json("{\"input\":\"x\"}")
            .without("Authorization"));
    for (var value :
        List.of(
            "Bearer",
            "Bearer ",
            "{key}",
            "Basic {key}",
            "Token {key}",
            "Bearer {key}x",
            "Bearer {key} {key}",
            "Bearer {key},Bearer {key}",
            "Bearer chd_org_",
            "Bearer chd_org_" + "0".repeat(64),
            "Bearer chd_sk_" + "0".repeat(64),
            "Bearer chd_org_" + "0".repeat(5000),
            "Bearer ../../etc/passwd",
            "Bearer ' OR '1'='1",
            "Bearer null")) {
      rows.add(
          BadInput.of(
                  "the key «"
                      + (value.length() > 60 ? "chd_... of " + value.length() : value)
                      + "»",
                  LIST,
                  KEY_INVALID)
              .with("Authorization", value));
    }
    rows.add(BadInput.of("a revoked key", LIST, KEY_INVALID).key("revoked_key"));
    rows.add(
        BadInput.of("a revoked key's own organization", "GET /v1/organization", KEY_INVALID)
            .key("revoked_key"));
    rows.add(
        BadInput.of("a key in another header", LIST, KEY_INVALID)
            .without("Authorization")
            .with("X-Api-Key", "{key}"));
    rows.add(
        BadInput.of("a key in a cookie", LIST, KEY_INVALID)
            .without("Authorization")
            .with("Cookie", "authorization={key}"));
  }

  private static void idempotency(List<BadInput> rows) {
    for (var value : List.of("x".repeat(256), "a b", "\u00fc")) {
      rows.add(
          BadInput.of(
                  "the idempotency key «" + value + "»",
                  "POST /v1/instances/{running}/stop",
                  INVALID_FIELD)
              .with("Idempotency-Key", value));
    }
    rows.add(
        BadInput.of(
                "a sign-up with an idempotency key", "POST /v1/organization/signup", INVALID_FIELD)
            .json("{\"name\":\"x\"}")
            .with("Idempotency-Key", "k"));
    rows.add(
        BadInput.of("a message with an idempotency key", MESSAGE, INVALID_FIELD)
            .json("{\"input\":\"x\"}")
            .with("Idempotency-Key", "k"));
    for (var grace : List.of("-1", "604801", "x")) {
      rows.add(
          BadInput.of(
              "a grace period of " + grace,
              "POST /v1/organization/rotate_key?grace=" + grace,
              INVALID_FIELD));
    }
  }

  private static void subscription(List<BadInput> rows) {
    var checkout = "POST /v1/subscription/checkout";
    var event = "POST /v1/webhooks/stripe";
    for (var call : List.of("GET /v1/subscription", "POST /v1/subscription/portal")) {
      rows.add(BadInput.of("no key: " + call, call, KEY_INVALID).without("Authorization"));
    }
    for (var json :
        List.of(
            "{}",
            "{\"tier\":\"\"}",
            "{\"tier\":\"whale\"}",
            "{\"tier\":\"shrimp\"}",
            "{\"tier\":\"Crab\"}",
            "{\"tier\":5}",
            "{\"tier\":[]}",
            "nonsense")) {
      rows.add(BadInput.of("a checkout of " + json, checkout, INVALID_FIELD).json(json));
    }
    rows.add(
        BadInput.of("a checkout where nothing is sold", checkout, BILLING_NOT_CONFIGURED)
            .json("{\"tier\":\"crab\"}"));
    rows.add(
        BadInput.of(
            "a portal where nothing is sold",
            "POST /v1/subscription/portal",
            BILLING_NOT_CONFIGURED));
    rows.add(
        BadInput.of("an event where nothing is sold", event, BILLING_NOT_CONFIGURED)
            .json("{}")
            .without("Authorization"));
    rows.add(
        BadInput.of("an event that is not JSON", event, INVALID_FIELD)
            .body(ByteString.copyFromUtf8("id=1"))
            .with("Content-Type", "application/x-www-form-urlencoded"));
    rows.add(
        BadInput.of("an event with an idempotency key", event, INVALID_FIELD)
            .json("{}")
            .with("Idempotency-Key", "k"));
    rows.add(
        BadInput.of("an event of 5 MB", event, TOO_LARGE)
            .json("{\"id\":\"" + "x".repeat(5_000_000) + "\"}"));
    rows.add(BadInput.of("a GET of the webhook", "GET /v1/webhooks/stripe", PATH_NOT_FOUND));
  }

  private static void states(List<BadInput> rows) {
    for (var verb : List.of("start", "stop")) {
      rows.add(
          BadInput.of(
                  verb + " while it is made",
                  "POST /v1/instances/{provisioning}/" + verb,
                  WRONG_STATE)
              .key("slow_key"));
      rows.add(
          BadInput.of(
                  verb + " of one that failed", "POST /v1/instances/{failed}/" + verb, WRONG_STATE)
              .key("failing_key"));
    }
    rows.add(
        BadInput.of(
                "the gateway of an instance that never ran",
                "GET /v1/instances/{provisioning}/gateway",
                WRONG_STATE)
            .key("slow_key"));
    rows.add(
        message(
            "a message to a stopped instance",
            "POST /v1/instances/{stopped}/responses",
            WRONG_STATE));
    rows.add(
        BadInput.of(
                "a token rotation during provisioning",
                "POST /v1/instances/{provisioning}/gateway/rotate",
                WRONG_STATE)
            .key("slow_key"));
    rows.add(
        BadInput.of(
                "a token rotation of a failed instance",
                "POST /v1/instances/{failed}/gateway/rotate",
                WRONG_STATE)
            .key("failing_key"));
    for (var call :
        List.of(
            "GET /v1/instances/{stopped}/sessions",
            "GET /v1/instances/{stopped}/sessions/main",
            "DELETE /v1/instances/{stopped}/sessions/main")) {
      rows.add(BadInput.of("sessions of a stopped instance: " + call, call, WRONG_STATE));
    }
    rows.add(
        message(
                "a message during provisioning",
                "POST /v1/instances/{provisioning}/responses",
                WRONG_STATE)
            .key("slow_key"));
    rows.add(
        message(
                "a message to a failed instance",
                "POST /v1/instances/{failed}/session/s/responses",
                WRONG_STATE)
            .key("failing_key"));
  }

  private static void messages(List<BadInput> rows) {
    for (var json :
        List.of(
            "{",
            "[]",
            "\"text\"",
            "5",
            "null",
            "nonsense",
            "{\"input\":\"x\"}{}",
            "{\"input\":\"x\",}",
            "{\"input\":" + "[".repeat(300) + "]".repeat(300) + "}",
            "{\"model\":5,\"input\":\"x\"}",
            "{\"model\":\"\",\"input\":\"x\"}",
            "{\"model\":\"a\\r\\nx-evil: 1\",\"input\":\"x\"}",
            "{\"model\":\"" + "m".repeat(201) + "\",\"input\":\"x\"}")) {
      rows.add(
          BadInput.of(
                  "a message that is " + (json.length() > 60 ? json.substring(0, 30) : json),
                  MESSAGE,
                  INVALID_FIELD)
              .json(json));
    }
    rows.add(BadInput.of("a message without a body", MESSAGE, INVALID_FIELD));
    rows.add(
        BadInput.of("a message of 5 MB", MESSAGE, TOO_LARGE)
            .json("{\"input\":\"" + "x".repeat(5_000_000) + "\"}"));
    for (var session :
        List.of(
            "a%20b", "%2e%2e%2fmain", "a%2Fb", "%C3%A9", "x".repeat(129), "a;b", "a%0Ab", "a+b")) {
      rows.add(
          message(
              "a session's id " + (session.length() > 20 ? "of 129 characters" : session),
              "POST /v1/instances/{running}/session/" + session + "/responses",
              INVALID_FIELD));
    }
  }

  private static void providers(List<BadInput> rows) {
    for (var json :
        List.of(
            "{\"model_api_keys\":{\"acme\":\"k\"}}",
            "{\"model_api_keys\":{\"openai\":\"a b\"}}",
            "{\"model_api_keys\":{\"openai\":\"a\\nb\"}}",
            "{\"model_api_keys\":{\"openai\":\"" + "k".repeat(513) + "\"}}",
            "{\"model_api_keys\":[\"k\"]}",
            "{\"model_endpoints\":{\"acme\":{\"base_url\":\"https://x.example\"}}}",
            "{\"model_endpoints\":{\"openai\":\"https://x.example\"}}",
            "{\"model_endpoints\":{\"openai\":{}}}",
            "{\"model_endpoints\":{\"openai\":{\"url\":\"https://x.example\"}}}",
            "{\"model_endpoints\":{\"openai\":{\"base_url\":5}}}",
            "{\"model_endpoints\":{\"openai\":{\"api\":\"soap\",\"base_url\":\"https://x.example\"}}}",
            "{\"model_endpoints\":{\"openai\":{\"model\":\"\",\"base_url\":\"https://x.example\"}}}",
            "{\"model_endpoints\":[]}")) {
      rows.add(
          BadInput.of(
                  "a setting " + (json.length() > 80 ? json.substring(0, 60) : json),
                  "PATCH /v1/organization",
                  INVALID_FIELD)
              .json(json));
    }
    rows.add(
        BadInput.of("a custom endpoint without a model", "PATCH /v1/organization", INVALID_FIELD)
            .key("bare_key")
            .json("{\"model_endpoints\":{\"custom\":{\"base_url\":\"https://x.example\"}}}"));
    for (var url :
        List.of(
            "",
            "x.example",
            "ftp://x.example",
            "file:///etc/passwd",
            "http://",
            "http://user:pw@x.example",
            "http://x.example?a=b",
            "http://x.example:0",
            "http://127.0.0.1:9091",
            "http://2130706433",
            "http://0x7f.1",
            "http://[::1]",
            "http://[::ffff:10.0.0.1]",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1",
            "http://intranet",
            "http://db.internal",
            "http://x.example/" + "a".repeat(2048))) {
      rows.add(
          BadInput.of(
                  "a base URL «" + (url.length() > 60 ? url.substring(0, 30) : url) + "»",
                  "PATCH /v1/organization",
                  INVALID_FIELD)
              .json("{\"model_endpoints\":{\"openai\":{\"base_url\":\"" + url + "\"}}}"));
    }
  }

  private static BadInput message(String what, String call, dev.chowder.api.v1.Reason reason) {
    return BadInput.of(what, call, reason).json("{\"input\":\"x\"}");
  }
}

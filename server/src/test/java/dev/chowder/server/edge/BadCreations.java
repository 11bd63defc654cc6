package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.INSTANCE_LIMIT_REACHED;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.MODEL_PROVIDER_NOT_CONFIGURED;
import static dev.chowder.api.v1.Reason.TOO_LARGE;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Instances that cannot be created, and changes that no instance accepts. */
final class BadCreations {
  private static final String CREATE = "POST /v1/instances";
  private static final String NAME = "\"name\":\"x\",\"model_provider\":\"custom\",";

  private BadCreations() {}

  static List<BadInput> rows() {
    var rows = new ArrayList<BadInput>();
    names(rows);
    fields(rows);
    configs(rows);
    bodies(rows);
    rows.add(
        create(
            "a provider that is not configured",
            "{\"name\":\"x\",\"model_provider\":\"openai\"}",
            MODEL_PROVIDER_NOT_CONFIGURED));
    rows.add(
        create(
                "no provider, and none that is configured",
                "{\"name\":\"x\"}",
                MODEL_PROVIDER_NOT_CONFIGURED)
            .key("bare_key"));
    rows.add(
        create(
                "one instance more than the tier allows",
                "{" + NAME + "\"labels\":{}}",
                INSTANCE_LIMIT_REACHED)
            .key("full_key"));
    return rows;
  }

  private static void names(List<BadInput> rows) {
    var names =
        List.of(
            "empty", "",
            "blank", "   ",
            "of spaces without a width", "\\u200b\\ufeff",
            "of 129 characters", "x".repeat(129),
            "of 129 characters beyond the basic plane", "\ud83d\ude00".repeat(129),
            "with a control character", "a\\u0000b",
            "with a line break", "a\\nb",
            "with an escape sequence", "a\\u001b[31mb",
            "with a line separator", "a\\u2028b",
            "that turns the direction of text", "a\\u202eb");
    for (int i = 0; i < names.size(); i += 2) {
      var what = "a name " + names.get(i);
      var name = "\"name\":\"" + names.get(i + 1) + "\"";
      rows.add(create(what, "{" + name + ",\"model_provider\":\"custom\"}"));
      rows.add(
          BadInput.of("sign-up: " + what, "POST /v1/organization/signup", INVALID_FIELD)
              .json("{" + name + "}"));
      rows.add(change("rename: " + what, "{" + name + "}"));
      rows.add(
          BadInput.of("organization: " + what, "PATCH /v1/organization", INVALID_FIELD)
              .json("{" + name + "}"));
    }
    rows.add(create("no name", "{\"model_provider\":\"custom\"}"));
    rows.add(create("a name that is null", "{\"name\":null,\"model_provider\":\"custom\"}"));
    rows.add(
        create(
            "a name that is half a character",
            "{\"name\":\"\\ud800\",\"model_provider\":\"custom\"}"));
    for (var value : List.of("5", "true", "[\"x\"]", "{\"x\":1}", "1.5e3")) {
      rows.add(
          create(
              "a name that is " + value, "{\"name\":" + value + ",\"model_provider\":\"custom\"}"));
    }
  }

  private static void fields(List<BadInput> rows) {
    field(rows, "an unknown provider", "\"model_provider\":\"acme\"");
    field(rows, "a provider in capitals", "\"model_provider\":\"Custom\"");
    field(rows, "an empty provider", "\"model_provider\":\"\"");
    field(rows, "a provider that is a number", "\"model_provider\":7");
    field(rows, "an empty model", "\"model\":\"\"");
    field(rows, "a model of 201 characters", "\"model\":\"" + "m".repeat(201) + "\"");
    field(rows, "a model with a control character", "\"model\":\"a\\u0007\"");
    field(rows, "an unknown sandbox provider", "\"sandbox_provider\":\"docker\"");
    field(rows, "an unknown sandbox image", "\"sandbox_image\":\"huge\"");
    field(rows, "an unknown version", "\"openclaw_version\":\"v99\"");
    field(rows, "an unknown region", "\"region\":\"mars\"");
    field(rows, "labels that are a list", "\"labels\":[\"a\"]");
    field(rows, "a label that is an object", "\"labels\":{\"a\":{}}");
    field(rows, "a label's key with a space", "\"labels\":{\"a b\":\"c\"}");
    field(rows, "an empty label's key", "\"labels\":{\"\":\"c\"}");
    field(rows, "a label's key of 64 characters", "\"labels\":{\"" + "k".repeat(64) + "\":\"c\"}");
    field(
        rows,
        "a label's value of 257 characters",
        "\"labels\":{\"a\":\"" + "v".repeat(257) + "\"}");
    field(rows, "a label's value with a control character", "\"labels\":{\"a\":\"\\u0000\"}");
    field(
        rows,
        "65 labels",
        IntStream.range(0, 65)
            .mapToObj(n -> "\"k" + n + "\":\"v\"")
            .collect(Collectors.joining(",", "\"labels\":{", "}")));
  }

  private static void configs(List<BadInput> rows) {
    for (var config :
        List.of(
            "\"text\"",
            "[1]",
            "true",
            "{\"gateway\":{\"port\":1}}",
            "{\"gateway.auth.token\":\"mine\"}",
            "{\"gateway\":{\"auth\":null}}",
            "{\"secrets\":{\"providers\":{}}}",
            "{\"models\":{\"providers\":{\"custom\":{\"baseUrl\":\"http://x.example\"}}}}",
            "{\"plugins\":{\"entries\":{\"admin-http-rpc\":{\"enabled\":false}}}}",
            "{\"\":1}",
            "{\"a..b\":1}",
            "{\"a\":" + nested("{\"a\":", "}", 32) + "}",
            "{\"a\":" + nested("[", "]", 32) + "}",
            "{\"a\":" + nested("{\"a\":", "}", 10_000) + "}",
            "{\"a\":" + nested("[", "]", 100_000) + "}",
            "{\"a\":1e999}",
            "{\"a\":\"" + "x".repeat(300_000) + "\"}")) {
      var shown =
          config.length() > 60 ? config.substring(0, 30) + "... of " + config.length() : config;
      field(rows, "an override " + shown, "\"openclaw_config\":" + config);
    }
    rows.add(
        change(
            "a change of a path of Chowder",
            "{\"openclaw_config\":{\"gateway\":{\"mode\":\"remote\"}}}"));
    rows.add(change("a removal of a path of Chowder", "{\"openclaw_config\":{\"gateway\":null}}"));
    rows.add(change("a change of labels with a bad key", "{\"labels\":{\"-\":\"x\"}}"));
  }

  private static void bodies(List<BadInput> rows) {
    for (var json :
        List.of(
            "{",
            "}",
            "{\"name\":}",
            "{\"name\":\"x\"",
            "[1,2",
            "nonsense",
            "{\"name\":\"x\"}}",
            "\"text\"",
            "5",
            "[]",
            "{\"a\"}")) {
      rows.add(create("a body that is " + json, json));
    }
    rows.add(create("no body", ""));
    rows.add(create("deeply nested JSON", nested("{\"a\":", "}", 200_000)));
    rows.add(create("deeply nested JSON without an end", "[".repeat(500_000)));
    rows.add(
        create("a body that is not UTF-8", "")
            .body(
                ByteString.copyFrom(
                    new byte[] {
                      '{',
                      '"',
                      'n',
                      'a',
                      'm',
                      'e',
                      '"',
                      ':',
                      '"',
                      (byte) 0xff,
                      (byte) 0xfe,
                      '"',
                      '}'
                    })));
    rows.add(
        create("a body in UTF-16", "")
            .body(ByteString.copyFrom("{\"name\":\"x\"}", StandardCharsets.UTF_16)));
    rows.add(create("a body of 5 MB", "{\"name\":\"" + "x".repeat(5_000_000) + "\"}", TOO_LARGE));
    rows.add(
        create("a form", "")
            .body(ByteString.copyFromUtf8("name=x"))
            .with("Content-Type", "application/x-www-form-urlencoded"));
    rows.add(
        create("JSON with the content type of text", "{" + NAME + "\"labels\":{}}")
            .with("Content-Type", "text/plain"));
    rows.add(
        create("JSON without a content type", "{" + NAME + "\"labels\":{}}")
            .without("Content-Type"));
    rows.add(
        BadInput.of(
                "a sign-up that a page of another site can send",
                "POST /v1/organization/signup",
                INVALID_FIELD)
            .json("{\"name\":\"x\"}")
            .with("Content-Type", "text/plain")
            .without("Authorization"));
  }

  private static void field(List<BadInput> rows, String what, String field) {
    // If a field name occurs twice, the last one counts.
    rows.add(create(what, "{" + NAME + field + "}"));
  }

  private static BadInput create(String what, String json) {
    return create(what, json, INVALID_FIELD);
  }

  private static BadInput create(String what, String json, dev.chowder.api.v1.Reason reason) {
    return BadInput.of(what, CREATE, reason).json(json);
  }

  private static BadInput change(String what, String json) {
    return BadInput.of(what, "PATCH /v1/instances/{running}", INVALID_FIELD).json(json);
  }

  private static String nested(String open, String close, int depth) {
    return open.repeat(depth) + "1" + close.repeat(depth);
  }
}

package dev.chowder.server.gateway;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.google.protobuf.ByteString;
import dev.chowder.server.error.ApiError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A caller's message as OpenClaw takes it: {@code model} names the agent there, so the caller's
 * model travels beside the body. Every other byte stays as it came; it knows no other field.
 *
 * @param body what to send
 * @param model what the caller wrote as {@code model}
 */
record AgentRequest(ByteString body, Optional<String> model) {
  private static final String AGENT = "openclaw/main";
  private static final ByteString AGENT_JSON = ByteString.copyFromUtf8("\"" + AGENT + "\"");
  // It becomes a header.
  private static final Pattern MODEL = Pattern.compile("[\\x21-\\x7e]{1,200}");
  private static final int MAX_DEPTH = 200;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private record Span(int from, int to) {}

  static AgentRequest of(ByteString body) {
    byte[] bytes = body.toByteArray();
    var spans = new ArrayList<Span>();
    String model = null;
    // Through a reader the parser would count characters: bytes make its offsets ours.
    try (JsonParser parser = JSON.createParser(bytes)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw ApiError.invalid("body", "not an object (expected: a JSON object)");
      }
      int afterBrace = (int) parser.currentLocation().getByteOffset();
      boolean empty = true;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        empty = false;
        boolean isModel = parser.currentName().equals("model");
        JsonToken value = parser.nextToken();
        if (isModel) {
          int from = (int) parser.currentTokenLocation().getByteOffset();
          model = model(value, parser);
          spans.add(new Span(from, (int) parser.currentLocation().getByteOffset()));
        }
        parser.skipChildren();
      }
      if (parser.nextToken() != null) {
        throw ApiError.invalid("body", "more than one value (expected: a JSON object)");
      }
      return new AgentRequest(
          spans.isEmpty() ? inserted(body, afterBrace, empty) : replaced(body, spans),
          Optional.ofNullable(model)
              .filter(m -> !m.equals("openclaw") && !m.startsWith("openclaw/")));
    } catch (IOException e) {
      throw ApiError.invalid("body", "not readable (expected: a JSON object in UTF-8)");
    }
  }

  private static @Nullable String model(JsonToken token, JsonParser parser) throws IOException {
    if (token == JsonToken.VALUE_NULL) {
      return null;
    }
    if (token != JsonToken.VALUE_STRING || !MODEL.matcher(parser.getText()).matches()) {
      throw ApiError.invalid(
          "model", "not a model's name (expected: a string of 1 to 200 printable characters)");
    }
    return parser.getText();
  }

  private static ByteString inserted(ByteString body, int at, boolean empty) {
    var field = "\"model\":\"" + AGENT + "\"" + (empty ? "" : ",");
    return body.substring(0, at)
        .concat(ByteString.copyFrom(field, StandardCharsets.US_ASCII))
        .concat(body.substring(at));
  }

  private static ByteString replaced(ByteString body, List<Span> spans) {
    var result = ByteString.EMPTY;
    int done = 0;
    for (Span span : spans) {
      result = result.concat(body.substring(done, span.from())).concat(AGENT_JSON);
      done = span.to();
    }
    return result.concat(body.substring(done));
  }
}

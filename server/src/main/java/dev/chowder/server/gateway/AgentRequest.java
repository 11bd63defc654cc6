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
 * A caller's message in the form that OpenClaw accepts. There {@code model} selects the agent, so
 * the caller's model is sent in a header instead. All other bytes stay unchanged. Does not know
 * other fields.
 *
 * @param body the body to send
 * @param model the caller's {@code model}; empty if it set none or selected an agent
 */
record AgentRequest(ByteString body, Optional<String> model) {
  private static final String AGENT = "openclaw/main";
  private static final ByteString AGENT_JSON = ByteString.copyFromUtf8("\"" + AGENT + "\"");
  // The model becomes the value of a header.
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
    // Parse bytes: with a Reader, the parser's offsets would count characters.
    try (JsonParser parser = JSON.createParser(bytes)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw ApiError.must("body", "be a JSON object");
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
        throw ApiError.must("body", "be one JSON object", "more than one value");
      }
      return new AgentRequest(
          spans.isEmpty() ? inserted(body, afterBrace, empty) : replaced(body, spans),
          Optional.ofNullable(model)
              .filter(m -> !m.equals("openclaw") && !m.startsWith("openclaw/")));
    } catch (IOException e) {
      throw ApiError.must("body", "be a JSON object in UTF-8");
    }
  }

  private static @Nullable String model(JsonToken token, JsonParser parser) throws IOException {
    if (token == JsonToken.VALUE_NULL) {
      return null;
    }
    if (token != JsonToken.VALUE_STRING || !MODEL.matcher(parser.getText()).matches()) {
      throw ApiError.must(
          "model", "be a string of 1 to 200 printable ASCII characters without spaces");
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

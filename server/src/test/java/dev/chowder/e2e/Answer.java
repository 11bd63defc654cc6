package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A complete HTTP response. */
record Answer(int status, Map<String, List<String>> headers, String body) {
  static final ObjectMapper JSON = new ObjectMapper();

  JsonNode json() {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + this, e);
    }
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name)).map(List::getFirst);
  }

  Answer is(int expected) {
    assertThat(status).as("status of %s", this).isEqualTo(expected);
    return this;
  }

  /** Checks that this is a documented error with this status and exactly this reason. */
  Answer isError(int expected, String reason) {
    is(expected);
    assertThat(header("content-type").orElse("none")).startsWith("application/json");
    List<String> reasons = new ArrayList<>();
    json()
        .path("details")
        .forEach(
            detail -> {
              if (detail.path("@type").asText().endsWith("/google.rpc.ErrorInfo")) {
                reasons.add(detail.path("reason").asText());
              }
            });
    assertThat(reasons).as("reasons of %s", this).containsExactly(reason);
    return this;
  }

  /** Returns the field that the error names; empty if it names none. */
  String field() {
    for (JsonNode detail : json().path("details")) {
      if (detail.path("@type").asText().endsWith("/google.rpc.BadRequest")) {
        return detail.at("/field_violations/0/field").asText();
      }
    }
    return "";
  }

  String message() {
    return json().path("message").asText();
  }

  String text(String field) {
    JsonNode value = json().path(field);
    assertThat(value.isTextual()).as("%s in %s", field, this).isTrue();
    return value.asText();
  }

  /** Returns the agent's text from a response in OpenResponses format. */
  String agentText() {
    return agentText(json());
  }

  static String agentText(JsonNode response) {
    var text = new StringBuilder();
    for (JsonNode item : response.path("output")) {
      for (JsonNode content : item.path("content")) {
        text.append(content.path("text").asText(""));
      }
    }
    return text.toString();
  }
}

package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ReasonFacts;
import java.util.ArrayList;

/** Checks errors over REST, from the server or from Envoy. */
final class RestErrors {
  private RestErrors() {}

  /** Checks the documented format, with the statuses of the reason. */
  static void check(RawHttp.Answer answer, Reason reason) {
    var facts = ReasonFacts.of(reason);
    check(answer, facts.httpStatus(), facts.code().value(), reason.name());
  }

  /**
   * Checks the documented format: JSON, code, a message that reveals nothing, and exactly one
   * ErrorInfo.
   */
  static void check(RawHttp.Answer answer, int status, int code, String reason) {
    assertThat(answer.status()).as("status of %s", answer).isEqualTo(status);
    assertThat(answer.header("content-type").orElse("none"))
        .as("content type of %s", answer)
        .startsWith("application/json");
    JsonNode body = answer.json();
    assertThat(body.path("code").asInt()).as("code in %s", answer).isEqualTo(code);
    assertThat(body.path("message").asText()).as("message in %s", answer).isNotBlank();
    var infos = new ArrayList<JsonNode>();
    body.path("details")
        .forEach(
            detail -> {
              if (detail.path("@type").asText().endsWith("/google.rpc.ErrorInfo")) {
                infos.add(detail);
              }
            });
    assertThat(infos).as("ErrorInfo in %s", answer).hasSize(1);
    assertThat(infos.getFirst().path("reason").asText())
        .as("reason in %s", answer)
        .isEqualTo(reason);
    assertThat(infos.getFirst().path("domain").asText()).isEqualTo("chowder.dev");
    Leaks.check(answer.body());
  }
}

package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests REST through a real Envoy: success codes, error bodies and headers. */
class EnvoyRestIT {
  @RegisterExtension static final EdgeWithEnvoy EDGE = new EdgeWithEnvoy();

  @Test
  void aCreatedInstanceIs201WithItsLocation() throws IOException {
    var answer = EDGE.call("POST", "/v1/instances", "{\"name\":\"first\"}");
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header("location"))
        .contains("/v1/instances/" + answer.json().get("id").asText());
    assertThat(answer.json().get("status").asText()).isEqualTo("provisioning");
    assertThat(answer.json().get("model_provider").asText()).isEqualTo("anthropic");
    assertThat(answer.headers()).doesNotContainKey("x-http-status");
    assertThat(answer.header("x-request-id")).isPresent();
  }

  @Test
  void absentFieldsAreOmittedAndZeroValuesArePrinted() throws IOException {
    var answer = EDGE.call("GET", "/v1/instances/" + EDGE.create("fields"));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().has("error_message")).isFalse();
    assertThat(answer.json().get("stages").isArray()).isTrue();
    assertThat(answer.json().get("revision").isInt()).isTrue();
    assertThat(EDGE.call("GET", "/v1/instances").json().get("next_page_token").asText()).isEmpty();
  }

  @Test
  void aDeletedInstanceIs204WithoutBody() throws IOException {
    var answer = EDGE.call("DELETE", "/v1/instances/" + EDGE.create("gone"));
    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.body()).isEmpty();
    assertThat(answer.headers()).doesNotContainKeys("content-type", "content-length");
  }

  @Test
  void signUpNeedsNoKeyAndIs201() throws IOException {
    var request = RawHttp.Request.of("POST", "/v1/organization/signup").json("{\"name\":\"me\"}");
    assertThat(RawHttp.send(EDGE.rest(), request).status()).isEqualTo(201);
  }

  @Test
  void theServersErrorsHaveTheirDocumentedStatusAndBody() throws IOException {
    RestErrors.check(create("limit"), 402, 8, "INSTANCE_LIMIT_REACHED");
    RestErrors.check(create("unconfigured"), 400, 9, "MODEL_PROVIDER_NOT_CONFIGURED");
    RestErrors.check(create(""), 400, 3, "INVALID_FIELD");
    RestErrors.check(
        EDGE.call("POST", "/v1/instances/" + EDGE.create("x") + "/stop"), 409, 9, "WRONG_STATE");
    RestErrors.check(EDGE.call("GET", "/v1/instances/nope"), 404, 5, "INSTANCE_NOT_FOUND");
    RestErrors.check(
        RawHttp.send(EDGE.rest(), RawHttp.Request.of("GET", "/v1/instances")),
        401,
        16,
        "KEY_INVALID");
  }

  @Test
  void theDetailsNameTheInvalidField() throws IOException {
    var details = create("").json().get("details");
    assertThat(details.toString()).contains("google.rpc.BadRequest").contains("\"field\":\"name\"");
  }

  @Test
  void noCapacityHasRetryAfter() throws IOException {
    var answer = create("capacity");
    RestErrors.check(answer, 503, 14, "NO_CAPACITY");
    assertThat(answer.header("retry-after")).contains("7");
  }

  @Test
  void errorsThatMustNotBeRetriedSaySo() throws IOException {
    var conflict = EDGE.call("POST", "/v1/instances/" + EDGE.create("x") + "/stop");
    assertThat(conflict.header("x-should-retry")).contains("false");
    var late = create("late");
    RestErrors.check(late, 504, 4, "NO_ANSWER_IN_TIME");
    assertThat(late.header("x-should-retry")).contains("false");
  }

  @Test
  void anInternalErrorShowsOnlyTheRequestId() throws IOException {
    var answer = create("bug");
    RestErrors.check(answer, 500, 13, "INTERNAL");
    assertThat(answer.json().get("message").asText())
        .contains(answer.header("x-request-id").orElseThrow());
  }

  @Test
  void anUnknownKeyGetsTheAuthenticationScheme() throws IOException {
    var answer =
        RawHttp.send(
            EDGE.rest(),
            RawHttp.Request.of("GET", "/v1/instances")
                .with("Authorization", "Bearer chd_org_" + "0".repeat(64)));
    RestErrors.check(answer, 401, 16, "KEY_INVALID");
    assertThat(answer.header("www-authenticate")).contains("Bearer");
  }

  @Test
  void healthComesFromTheServerWithoutAKey() throws IOException {
    var answer = RawHttp.send(EDGE.rest(), RawHttp.Request.of("GET", "/healthz"));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().get("status").asText()).isEqualTo("SERVING");
  }

  @Test
  void theOpenApiDocumentIsServedUnchangedWithoutAKey() throws IOException {
    var answer = RawHttp.send(EDGE.rest(), RawHttp.Request.of("GET", "/v1/openapi.json"));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo(Files.readString(EnvoyProcess.repository().resolve("envoy/openapi.json")));
    assertThat(answer.header("content-type")).contains("application/json");
    assertThat(answer.header("cache-control")).contains("public, max-age=300");
    RestErrors.check(EDGE.call("DELETE", "/v1/openapi.json"), 404, 12, "PATH_NOT_FOUND");
  }

  @Test
  void noOtherPathOfTheMonitoringPortIsExposed() throws IOException {
    for (String path :
        new String[] {
          "/metrics", "/operator/v1/organizations", "/healthz/../metrics", "/healthz/"
        }) {
      RestErrors.check(EDGE.call("GET", path), 404, 12, "PATH_NOT_FOUND");
    }
  }

  private static RawHttp.Answer create(String name) throws IOException {
    return EDGE.call("POST", "/v1/instances", "{\"name\":\"" + name + "\"}");
  }
}

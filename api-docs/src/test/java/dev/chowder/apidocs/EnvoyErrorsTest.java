package dev.chowder.apidocs;

import static dev.chowder.apidocs.EnvoyConfiguration.object;
import static dev.chowder.apidocs.EnvoyConfiguration.objects;
import static dev.chowder.apidocs.EnvoyConfiguration.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import java.io.IOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Tests that Envoy's own errors have the reasons and codes of the protocol. */
class EnvoyErrorsTest {
  @Test
  void eachStatusHasTheReasonThatIsDocumentedForIt() throws IOException {
    var reasons = reasons(EnvoyConfiguration.read());
    var documented = new TreeMap<Integer, String>();
    EnvoyErrors.all().forEach(reply -> documented.put(reply.status(), reply.reason().name()));
    assertThat(reasons).isEqualTo(documented).containsEntry(413, "TOO_LARGE");
  }

  @Test
  void eachStatusHasTheReasonForOperators() throws IOException {
    var expected = new TreeMap<Integer, String>();
    EnvoyErrors.ofOperators().forEach(reply -> expected.put(reply.status(), reply.reason().name()));
    assertThat(reasons(EnvoyConfiguration.ofOperators()))
        .isEqualTo(expected)
        .containsEntry(413, "TOO_LARGE");
    assertThat(reasonOf(EnvoyConfiguration.ofOperators().otherError())).isEqualTo(Reason.INTERNAL);
  }

  private static SortedMap<Integer, String> reasons(EnvoyConfiguration envoy) {
    var reasons = new TreeMap<Integer, String>();
    for (var mapper : envoy.errorMappers()) {
      if (!object(mapper, "body_format_override").containsKey("json_format")) continue;
      var body = object(mapper, "body_format_override", "json_format");
      reasons.put(status(mapper), reasonOf(body).name());
    }
    return reasons;
  }

  @Test
  void allOtherErrorsAreInternal() throws IOException {
    assertThat(reasonOf(EnvoyConfiguration.read().otherError())).isEqualTo(Reason.INTERNAL);
  }

  /** Clients of OpenAI retry other statuses only with {@code Retry-After}. */
  @Test
  void onlyErrorsThatARetryCanHelpHaveRetryAfter() throws IOException {
    for (var mapper : EnvoyConfiguration.read().errorMappers()) {
      if (!object(mapper, "body_format_override").containsKey("json_format")) continue;
      var expected =
          switch (status(mapper)) {
            case 429, 503 -> "{key=retry-after, value=1}";
            case 504 -> "{key=x-should-retry, value=false}";
            default -> "";
          };
      assertThat(mapper.getOrDefault("headers_to_add", "").toString()).contains(expected);
      assertThat(mapper.containsKey("headers_to_add")).isEqualTo(!expected.isEmpty());
    }
  }

  private static int status(Map<String, Object> mapper) {
    return Integer.parseInt(
        mapper.containsKey("status_code")
            ? text(mapper, "status_code")
            : text(
                object(mapper, "filter", "status_code_filter", "comparison", "value"),
                "default_value"));
  }

  /** Returns the reason of a body, whose code must be the one that the protocol declares. */
  private static Reason reasonOf(Map<String, Object> body) {
    var info = objects(body, "details").getFirst();
    assertThat(info).containsEntry("domain", "chowder.dev");
    var reason = Reason.valueOf(text(info, "reason"));
    assertThat(body.get("code")).isEqualTo(Reasons.code(reason).getNumber());
    return reason;
  }
}

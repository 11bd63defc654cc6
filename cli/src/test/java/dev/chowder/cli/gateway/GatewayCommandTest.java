package dev.chowder.cli.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GatewayCommandTest extends CommandFixture {
  private static final String ACCESS =
      "{\"gateway_url\": \"https://i.example.com\", \"gateway_token\": \"a+b\"}";

  @Test
  void theTokenAndTheControlUiAreShown() {
    server.answers(200, ACCESS);
    assertThat(run("gateway", "get", ID).output())
        .isEqualTo(
            """
            url:        https://i.example.com
            control ui: https://i.example.com/#token=a%2Bb
            token:      a+b
            """);
    assertThat(server.requests().getFirst().target()).isEqualTo("/v1/instances/" + ID + "/gateway");
  }

  @Test
  void aTokenIsReplacedOnce() {
    server.breaksConnection().answers(200, ACCESS);
    assertThat(run("gateway", "rotate", ID, "-o", "json").output()).isEqualTo(ACCESS + "\n");
    assertThat(server.requests())
        .hasSize(2)
        .extracting(request -> request.headers().get("Idempotency-Key"))
        .doesNotContainNull()
        .containsOnly(server.requests().getFirst().headers().get("Idempotency-Key"));
  }
}

package dev.chowder.cli.organization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import dev.chowder.cli.failure.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SubscriptionCommandTest extends CommandFixture {
  @Test
  void theTierIsShown() {
    server.answers(200, "{\"tier\": \"crab\", \"instance_limit\": 10, \"instance_count\": 2}");
    assertThat(run("subscription", "get").output())
        .isEqualTo("tier:      crab\ninstances: 2 of 10\n");
    server.answers(200, "{\"tier\": \"whale\", \"instance_count\": 2}");
    assertThat(run("subscription", "get").output()).contains("2 of unlimited");
  }

  @Test
  void aUrlIsForABrowser() {
    server.answers(200, "{\"url\": \"https://pay\"}").answers(200, "{\"url\": \"https://portal\"}");
    assertThat(run("subscription", "checkout", "crab")).isEqualTo(new Ran(0, "https://pay\n", ""));
    assertThat(run("subscription", "portal").output()).isEqualTo("https://portal\n");
    assertThat(server.requests().getFirst().body()).isEqualTo("{\"tier\":\"crab\"}");
    assertThat(server.requests().getFirst().headers()).containsKey("Idempotency-Key");
  }

  @Test
  void aServerWithoutBillingIsAConflict() {
    server.fails(400, "BILLING_NOT_CONFIGURED");
    assertThat(run("subscription", "portal").code()).isEqualTo(ExitCode.CONFLICT.number());
  }
}

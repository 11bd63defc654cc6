package dev.chowder.cli.organization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.failure.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OrganizationCommandTest extends CommandFixture {
  private static final String ORGANIZATION =
      """
      {"id": "o", "name": "team", "subscription_tier": "crab", "instance_limit": 10,
        "instance_count": 2, "model_providers": ["custom"],
        "model_endpoints": {"custom": {"base_url": "http://localhost:1/v1", "model": "m"}}}
      """;

  @Test
  void theOrganizationIsShown() {
    server.answers(200, ORGANIZATION);
    assertThat(run("org", "get").output())
        .isEqualTo(
            """
            name:      team
            id:        o
            tier:      crab
            instances: 2 of 10
            providers: custom

            PROVIDER  BASE URL               MODEL  API
            custom    http://localhost:1/v1  m      -
            """);
  }

  @Test
  void theKeyOfAProviderIsReadAndNotShown() {
    server.answers(200, ORGANIZATION);
    var ran =
        runWith("provider-key\n", "", "org", "set-provider", "custom", "--base-url", "http://a");
    assertThat(ran.code()).isZero();
    assertThat(ran.output() + ran.errors()).doesNotContain("provider-key");
    var request = server.requests().getFirst();
    assertThat(request.method()).isEqualTo("PATCH");
    assertThat(request.body())
        .isEqualTo(
            "{\"model_api_keys\":{\"custom\":\"provider-key\"},\"model_endpoints\":{\"custom\":{\"base_url\":\"http://a\"}}}");
  }

  @Test
  void anEmptyKeyIsNoRemoval() {
    assertThat(run("org", "set-provider", "custom").code()).isEqualTo(ExitCode.USAGE.number());
    server.answers(200, ORGANIZATION);
    assertThat(run("org", "set-provider", "custom", "--no-key").code()).isZero();
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"model_api_keys\":{\"custom\":\"\"}}");
  }

  @Test
  void theModelChangesWithoutTheKey() {
    server.answers(200, ORGANIZATION);
    assertThat(run("org", "set-model", "custom", "m2").code()).isZero();
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"model_endpoints\":{\"custom\":{\"model\":\"m2\"}}}");
  }

  @Test
  void aRemovedProviderLosesItsKeyAndItsEndpoint() {
    server.answers(200, ORGANIZATION);
    assertThat(run("org", "rm-provider", "custom").code()).isZero();
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"model_api_keys\":{\"custom\":\"\"},\"model_endpoints\":{\"custom\":null}}");
  }

  @Test
  void aRotatedKeyIsPrintedOnce() {
    server.answers(200, "{\"api_key\": \"new\", \"old_key_expires_at\": \"2026-01-01T10:00:00Z\"}");
    var ran = run("org", "rotate-key", "--grace", "2h");
    assertThat(ran.output()).isEqualTo("new\n");
    assertThat(ran.errors()).contains("2026-01-01T10:00:00Z");
    assertThat(server.requests().getFirst().target()).endsWith("?grace=7200");
  }
}

package dev.chowder.cli.event;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EventsCommandTest extends CommandFixture {
  private static final String EVENTS =
      """
      {"events": [{"id": "2", "instance_id": "i", "type": "failed", "at": "2026-01-01T10:00:00.5Z",
        "stage": {"name": "onboard"}, "reason": "X", "message": "no\\nmodel"},
        {"id": "1", "type": "signed_up", "at": "2026-01-01T09:00:00Z", "key_id": "k"}]}
      """;

  @Test
  void eventsOfTheOrganizationAreListed() {
    server.answers(200, EVENTS);
    assertThat(run("events").output())
        .isEqualTo(
            """
            TIME                  TYPE       INSTANCE  KEY  DETAILS
            2026-01-01T10:00:00Z  failed     i         -    onboard: X: no\\x0amodel
            2026-01-01T09:00:00Z  signed_up  -         k    -
            """);
    assertThat(server.requests().getFirst().target()).isEqualTo("/v1/events?page_size=100");
  }

  @Test
  void eventsOfOneInstanceAreListed() {
    server.answers(200, "{\"events\": [], \"next_page_token\": \"\"}");
    assertThat(run("events", ID, "--limit", "5", "-o", "json").output())
        .isEqualTo("{\"events\":[],\"next_page_token\":\"\"}\n");
    assertThat(server.requests().getFirst().target())
        .isEqualTo("/v1/instances/" + ID + "/events?page_size=5");
  }
}

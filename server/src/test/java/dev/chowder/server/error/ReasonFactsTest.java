package dev.chowder.server.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ReasonFactsTest {
  /** Clients depend on the statuses, so they are also listed outside of the protocol. */
  private static final Path STATUSES = Path.of("src", "test", "resources", "reason-statuses.txt");

  @Test
  void theStatusesOfAReasonNeverChange() throws IOException {
    assertThat(
            ReasonFacts.reasons().stream()
                .map(
                    reason -> {
                      var facts = ReasonFacts.of(reason);
                      return reason + " " + facts.code() + " " + facts.httpStatus();
                    }))
        .containsExactlyInAnyOrderElementsOf(Files.readAllLines(STATUSES));
  }
}

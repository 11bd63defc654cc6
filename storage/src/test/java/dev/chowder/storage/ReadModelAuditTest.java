package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Uses an H2 file. */
class ReadModelAuditTest extends ReadModelAuditContract {
  private static final String BY_ORDERING = "ordering_unique";

  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Test
  void aFullPassKeepsNoGroupsInMemory() {
    assertThat(
            plan(
                ReadModelAudit.HEADS,
                Map.of("from", 14, "after", "Organization|", "end", "Organization}")))
        .contains("group sorted");
  }

  @Test
  void aPassOverARangeReadsOnlyThatRange() {
    assertThat(
            plan(
                ReadModelAudit.HEADS_OF_RANGE,
                Map.of("from", 14, "beyond", 5, "upTo", 9, "prefix", "Organization|", "after", "")))
        .contains(BY_ORDERING);
    assertThat(plan(ReadModelAudit.NEWEST, Map.of("by", 1L)))
        .contains(BY_ORDERING)
        .contains("index sorted");
  }

  @Test
  void aPageOfTheJournalIsReadInItsOrder() {
    assertThat(
            plan(
                ReadModelAudit.NAMED_BY_JOURNAL,
                Map.of(
                    "from", 14, "prefixed", "Organization|", "end", "Organization}", "limit", 5)))
        .contains("index sorted");
  }

  private String plan(String sql, Map<String, Object> values) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle.createQuery("EXPLAIN " + sql).bindMap(values).mapTo(String.class).one());
  }
}

package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Uses a real PostgreSQL. */
class InstanceRowsIT extends InstanceRowsContract {
  /** Enough rows that the planner prefers the index. */
  private static final String FLEET =
      """
      INSERT INTO instances (id, organization_id, revision, status, name, labels, created_at, updated_at, holds_slot, view)
      SELECT gen_random_uuid(), 'o', 1, CASE WHEN n % 10 = 0 THEN 'running' ELSE 'stopped' END, 'agent-' || n, '{}', now(), now(),
        TRUE, convert_to(repeat(md5(n::text), 40), 'UTF8')
      FROM generate_series(1, 10000) n;
      INSERT INTO instance_labels (instance_id, label_key, label_value, organization_id)
      SELECT id, 'team', (row_number() OVER () % 5)::text, 'o' FROM instances;
      ANALYZE instances;
      ANALYZE instance_labels
      """;

  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }

  @Test
  void aPageIsReadInTheOrderOfAnIndexForEveryFilter() {
    database.jdbi().useHandle(handle -> handle.createScript(FLEET).execute());
    assertThat(plan(InstanceFilter.ALL)).contains("Scan Backward using instances_listed on");
    assertThat(plan(status("stopped"))).contains("using instances_listed").doesNotContain("Sort");
    assertThat(plan(status("running")))
        .contains("Scan Backward using instances_listed_by_status on")
        .doesNotContain("Sort");
    assertThat(plan(label("team", "3")))
        .contains("Scan Backward using instance_labels_by_value on")
        .doesNotContain("Sort");
  }

  @Test
  void aNamePrefixIsSearchedInTheIndex() {
    database.jdbi().useHandle(handle -> handle.createScript(FLEET).execute());
    for (var prefix : new String[] {"agent-", "agent-77", "missing"}) {
      assertThat(plan(prefix(prefix)))
          .contains("using instances_listed on")
          .containsPattern("Index Cond: .*name\\)::text >= ")
          .doesNotContain("Seq Scan");
    }
  }
}

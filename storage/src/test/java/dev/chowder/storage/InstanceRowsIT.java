package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Uses a real PostgreSQL. */
class InstanceRowsIT extends InstanceRowsContract {
  /** Enough rows that the planner prefers the index. */
  private static final String FLEET =
      """
      INSERT INTO instances (id, organization_id, revision, status, name, labels, created_at, updated_at, holds_slot, view, position)
      SELECT gen_random_uuid(), 'o', 1, CASE WHEN n % 10 = 0 THEN 'running' ELSE 'stopped' END, 'agent-' || n, '{}', now(), now(),
        TRUE, convert_to(repeat(md5(n::text), 40), 'UTF8'), CASE WHEN n % 1000 < 2 THEN '' ELSE gen_random_uuid()::text END
      FROM generate_series(1, 10000) n;
      INSERT INTO instance_labels (instance_id, label_key, label_value, organization_id, position)
      SELECT id, 'team', (row_number() OVER () % 5)::text, 'o', position FROM instances WHERE position > '';
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
    var plans = List.<Function<InstanceFilter, String>>of(this::plan, this::planOfFirstPage);
    for (var plan : plans) {
      assertThat(plan.apply(InstanceFilter.ALL))
          .contains("Scan Backward using instances_listed on")
          .doesNotContain("Sort");
      assertThat(plan.apply(status("stopped")))
          .contains("using instances_listed")
          .doesNotContain("Sort");
      assertThat(plan.apply(status("running")))
          .contains("Scan Backward using instances_listed_by_status on")
          .doesNotContain("Sort");
      assertThat(plan.apply(label("team", "3")))
          .contains("Scan Backward using instance_labels_by_value on")
          .doesNotContain("Sort Key");
    }
  }

  @Test
  void unlistedInstancesAreFoundInAnIndex() {
    database.jdbi().useHandle(handle -> handle.createScript(FLEET).execute());
    for (var status : new String[] {"running", "stopped"}) {
      assertThat(planOfUnlisted(status))
          .contains("instances_listed_by_status")
          .containsPattern("Index Cond: .*position.*= ''")
          .doesNotContain("Seq Scan");
    }
  }

  @Test
  void theNewestInstancesAreReadInTheOrderOfIds() {
    database.jdbi().useHandle(handle -> handle.createScript(FLEET).execute());
    assertThat(planOfNewestSince())
        .contains("Index Scan Backward using instances_pkey on")
        .containsPattern("Index Cond: .*id.* >= ")
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

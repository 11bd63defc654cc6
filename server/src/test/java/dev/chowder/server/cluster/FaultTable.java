package dev.chowder.server.cluster;

import dev.chowder.postgres.PostgresPrograms;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** The table of a run of {@code scripts/test-faults}, with the conditions of the run above it. */
final class FaultTable {
  private FaultTable() {}

  /**
   * Returns the lines of the table.
   *
   * @param seed the seed of the callers' choices
   */
  static List<String> of(long seed, List<String> rows) {
    var lines = new ArrayList<String>();
    lines.add(
        "%d cores; PostgreSQL %s; seed %d; %s"
            .formatted(
                Runtime.getRuntime().availableProcessors(),
                PostgresPrograms.find().map(PostgresPrograms::version).orElse("unknown"),
                seed,
                LocalDate.now(ZoneOffset.UTC)));
    lines.add("");
    lines.addAll(rows);
    return lines;
  }
}

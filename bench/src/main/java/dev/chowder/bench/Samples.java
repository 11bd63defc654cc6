package dev.chowder.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Durations of calls in nanoseconds, and their percentiles by nearest rank for tables. */
final class Samples {
  private final List<Long> sorted;

  Samples(Collection<Long> nanos) {
    this.sorted = nanos.stream().sorted().toList();
  }

  int count() {
    return sorted.size();
  }

  /** Returns a percentile in milliseconds; NaN if nothing was measured. */
  double millis(int percent) {
    if (sorted.isEmpty()) return Double.NaN;
    int rank = (int) Math.ceil(sorted.size() * percent / 100.0);
    return sorted.get(Math.max(0, rank - 1)) / 1e6;
  }

  /** Returns a percentile for a cell of a table. */
  String shown(int percent) {
    return shown(millis(percent));
  }

  /** Returns cells of a table. */
  String cells(int... percents) {
    return Arrays.stream(percents).mapToObj(this::shown).collect(Collectors.joining(" | "));
  }

  static String shown(double millis) {
    return Double.isNaN(millis) ? "" : "%.1f ms".formatted(millis);
  }
}

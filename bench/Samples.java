import java.util.Collection;
import java.util.List;

/** How long calls took, in nanoseconds, as tables show it: by nearest rank. */
final class Samples {
  private final List<Long> sorted;

  Samples(Collection<Long> nanos) {
    this.sorted = nanos.stream().sorted().toList();
  }

  int count() {
    return sorted.size();
  }

  /** Milliseconds; NaN: nothing was measured. */
  double millis(int percent) {
    if (sorted.isEmpty()) return Double.NaN;
    int rank = (int) Math.ceil(sorted.size() * percent / 100.0);
    return sorted.get(Math.max(0, rank - 1)) / 1e6;
  }

  /** The same for a cell of a table. */
  String shown(int percent) {
    return shown(millis(percent));
  }

  static String shown(double millis) {
    return Double.isNaN(millis) ? "" : "%.1f ms".formatted(millis);
  }
}

package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks that the metrics of a node follow the conventions of Prometheus and the glossary. */
class MetricNamesTest {
  private static final Pattern TYPE = Pattern.compile("# TYPE (chowder_\\w+) (\\w+)");

  /** Units other than the base units seconds and bytes, and terms that the glossary replaces. */
  private static final Pattern WRONG =
      Pattern.compile(
          ".*_(ms|millis|milliseconds|minutes|hours|kb|mb|kib|mib|percent|owed|unknown|life)(_.*)?");

  @TempDir Path home;

  @Test
  void metricsHaveBaseUnitsAndCountersEndInTotal() throws Exception {
    try (var node = Node.start(home, Node.host(home.resolve("sandboxes")), Map.of())) {
      var _ = node.createRunning(node.newcomer("crab"));
      var metrics = node.metrics();
      Map<String, String> types =
          TYPE.matcher(metrics)
              .results()
              .collect(
                  Collectors.toMap(m -> m.group(1), m -> m.group(2), (a, b) -> a, TreeMap::new));

      assertThat(types).containsKeys("chowder_stage_seconds", "chowder_effects_pending");
      types.forEach(
          (name, type) -> {
            assertThat(name.endsWith("_total")).as(name + " " + type).isEqualTo(isCounter(type));
            assertThat(WRONG.matcher(name).matches()).as(name).isFalse();
            if (type.equals("histogram") || type.equals("summary")) {
              assertThat(name).endsWith("_seconds");
            }
          });
      assertThat(metrics).doesNotContain("life=");
    }
  }

  private static boolean isCounter(String type) {
    return type.equals("counter");
  }
}

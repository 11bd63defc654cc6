package dev.chowder.server;

import static java.util.function.Predicate.not;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Keeps comments, messages and documents in plain English. Text that users read breaks no {@link
 * ProseRule}. In other text each rule has a limit, which may only fall. With {@code
 * -Dchowder.update-docs=true} the test lowers the limits itself.
 */
class ProseTest {
  private static final Path ROOT = Path.of("..");

  /** The number of hits per rule in text that users do not read. */
  private static final Path LIMITS = Path.of("src", "test", "resources", "prose-limits.properties");

  private static final List<ProseHit> HITS = new ArrayList<>();

  @BeforeAll
  static void readTheRepository() throws IOException {
    HITS.clear();
    for (String file : Prose.files(ROOT)) {
      ProseHit.in(file, Prose.read(ROOT, file)).forEach(HITS::add);
    }
    if (Boolean.getBoolean("chowder.update-docs")) lowerTheLimits();
  }

  @Test
  void textForUsersBreaksNoRule() {
    assertThat(HITS).filteredOn(ProseHit::isPublic).isEmpty();
  }

  @Test
  void otherTextBreaksEachRuleAsOftenAsItsLimitSays() throws IOException {
    var limits = limits();
    assertThat(limits).containsOnlyKeys(counts().keySet());
    assertThat(counts())
        .allSatisfy(
            (rule, count) -> {
              int limit = limits.getOrDefault(rule, 0);
              assertThat(count)
                  .as("%s: more hits than the limit in %s; all hits:%s", rule, LIMITS, list(rule))
                  .isLessThanOrEqualTo(limit);
              assertThat(count)
                  .as("%s: fewer hits: lower the limit in %s to %d", rule, LIMITS, count)
                  .isEqualTo(limit);
            });
  }

  private static Map<String, Integer> counts() {
    var counts = new LinkedHashMap<String, Integer>();
    ProseRule.ALL.forEach(rule -> counts.put(rule.name(), 0));
    HITS.stream()
        .filter(not(ProseHit::isPublic))
        .forEach(hit -> counts.merge(hit.rule().name(), 1, Integer::sum));
    return counts;
  }

  private static String list(String rule) {
    return HITS.stream()
        .filter(hit -> !hit.isPublic() && hit.rule().name().equals(rule))
        .map(hit -> "\n" + hit)
        .collect(joining());
  }

  private static Map<String, Integer> limits() throws IOException {
    var properties = new Properties();
    try (var reader = Files.newBufferedReader(LIMITS)) {
      properties.load(reader);
    }
    var limits = new LinkedHashMap<String, Integer>();
    properties.forEach((rule, limit) -> limits.put((String) rule, Integer.valueOf((String) limit)));
    return limits;
  }

  private static void lowerTheLimits() throws IOException {
    var limits = limits();
    var lines = comments(LIMITS);
    counts()
        .forEach(
            (rule, count) ->
                lines.add(rule + " = " + Math.min(count, limits.getOrDefault(rule, count))));
    Files.write(LIMITS, lines);
  }

  private static List<String> comments(Path file) throws IOException {
    var comments = new ArrayList<>(Files.readAllLines(file));
    comments.removeIf(line -> !line.startsWith("#"));
    return comments;
  }
}

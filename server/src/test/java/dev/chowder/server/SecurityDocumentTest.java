package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that the threat model in {@code SECURITY.md} names existing tests. Does not know what they
 * prove.
 */
class SecurityDocumentTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern TEST =
      Pattern.compile("`(?<type>[A-Z]\\w+)(?:\\.(?<method>\\w+))?`");
  private static final List<String> SOURCES =
      List.of(
          "caller",
          "tenant",
          "agent",
          "browser page",
          "stolen key",
          "hostile archive",
          "SSRF",
          "webhook",
          "backup");

  private record Row(String from, String threat, String protection, String tests) {}

  @Test
  void everyRowNamesTestsThatExist() throws IOException {
    var sources = testSources();
    var problems = new ArrayList<String>();
    for (var row : rows()) {
      var tests = TEST.matcher(row.tests());
      int named = 0;
      while (tests.find()) {
        named++;
        var source = sources.get(tests.group("type"));
        var method = tests.group("method");
        if (source == null) {
          problems.add(row.threat() + ": no test class " + tests.group("type"));
        } else if (method != null && !source.contains("void " + method + "(")) {
          problems.add(row.threat() + ": no test " + tests.group());
        }
      }
      if (named == 0) problems.add(row.threat() + ": no test");
      if (row.protection().isEmpty()) problems.add(row.threat() + ": no protection");
    }
    assertThat(problems).isEmpty();
  }

  @Test
  void everyThreatSourceHasARow() throws IOException {
    assertThat(rows()).extracting(Row::from).containsAll(SOURCES);
  }

  private static List<Row> rows() throws IOException {
    return Files.readAllLines(ROOT.resolve("SECURITY.md")).stream()
        .filter(line -> line.startsWith("| ") && !line.startsWith("| from "))
        .map(line -> line.substring(1).split("\\|", -1))
        .map(cells -> new Row(cells[0].strip(), cells[1].strip(), cells[2].strip(), cells[3]))
        .toList();
  }

  private static Map<String, String> testSources() throws IOException {
    var sources = new TreeMap<String, String>();
    for (var tests : MavenModules.files("src/test/java")) {
      try (Stream<Path> files = Files.walk(tests)) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          var name = file.getFileName().toString().replace(".java", "");
          sources.put(name, Files.readString(file));
        }
      }
    }
    return sources;
  }
}

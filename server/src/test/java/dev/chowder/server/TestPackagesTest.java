package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that tests mirror the product: a test that is named after a class, such as {@code
 * ApiKeysTest}, {@code ApiKeysIT} or {@code ApiKeysContract}, is in the package of that class, in
 * any module. The file {@code test-packages.txt} lists the exceptions, which may only become fewer:
 * {@code -Dchowder.update-docs=true} removes ended ones, but adds none.
 */
class TestPackagesTest {
  private static final Path EXCEPTIONS = Path.of("src", "test", "resources", "test-packages.txt");
  private static final Pattern TEST = Pattern.compile("(\\w+)(?:Test|IT|E2E|Contract)");

  @Test
  void testsAreInThePackageOfTheClassThatTheyTest() throws IOException {
    var found = misplaced(classes("src/main/java"), classes("src/test/java"));
    if (Boolean.getBoolean("chowder.update-docs")) write(kept(exceptions(), found));
    assertThat(found)
        .as("tests outside of the package of their class; exceptions are in %s", EXCEPTIONS)
        .isEqualTo(exceptions());
  }

  @Test
  void aTestInAnotherPackageIsFound() {
    var main = List.of("a.One", "b.Two", "c.Two");
    var tests = List.of("a.OneTest", "b.OneIT", "c.TwoContract", "d.TwoTest", "d.ThreeTest");
    assertThat(misplaced(main, tests)).containsExactly("b.OneIT", "d.TwoTest");
  }

  @Test
  void anExceptionMayEndButNotBegin() {
    assertThat(kept(new TreeSet<>(Set.of("a.OneTest", "a.TwoTest")), Set.of("a.OneTest", "b.New")))
        .containsExactly("a.OneTest");
  }

  /** Returns the tests that are named after classes, all of which are in other packages. */
  private static Set<String> misplaced(List<String> main, List<String> tests) {
    var packages =
        main.stream()
            .collect(
                Collectors.groupingBy(
                    TestPackagesTest::simpleName,
                    Collectors.mapping(TestPackagesTest::packageName, Collectors.toSet())));
    var misplaced = new TreeSet<String>();
    for (var test : tests) {
      var named = TEST.matcher(simpleName(test));
      if (!named.matches()) continue;
      var expected = packages.getOrDefault(named.group(1), Set.of());
      if (!expected.isEmpty() && !expected.contains(packageName(test))) misplaced.add(test);
    }
    return misplaced;
  }

  private static Set<String> kept(Set<String> listed, Set<String> found) {
    var kept = new TreeSet<>(listed);
    kept.retainAll(found);
    return kept;
  }

  /** Returns the full names of all top-level classes below this folder of each module. */
  private static List<String> classes(String folder) throws IOException {
    var classes = new ArrayList<String>();
    for (var root : MavenModules.files(folder)) {
      try (Stream<Path> files = Files.walk(root)) {
        files
            .map(file -> root.relativize(file).toString())
            .filter(file -> file.endsWith(".java"))
            .map(file -> file.substring(0, file.length() - ".java".length()).replace('/', '.'))
            .forEach(classes::add);
      }
    }
    return classes;
  }

  private static String simpleName(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static String packageName(String name) {
    return name.substring(0, Math.max(0, name.lastIndexOf('.')));
  }

  private static Set<String> exceptions() throws IOException {
    return Files.readAllLines(EXCEPTIONS).stream()
        .filter(line -> !line.startsWith("#"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static void write(Set<String> exceptions) throws IOException {
    var lines = new ArrayList<String>();
    lines.add("# Tests that start a whole node, or use the helpers of those, beside the ones that");
    lines.add("# they share them with. Each is named after the class that it tests.");
    lines.addAll(exceptions);
    Files.write(EXCEPTIONS, lines);
  }
}

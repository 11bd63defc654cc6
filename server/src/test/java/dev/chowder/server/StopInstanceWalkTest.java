package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Bounds the number of source files that {@code docs/ARCHITECTURE.md} names on the way of {@code
 * StopInstance} through the code. Does not check the way itself.
 */
class StopInstanceWalkTest {
  private static final int MAX_FILES = 20;
  private static final Path DOCUMENT = Path.of("..", "docs", "ARCHITECTURE.md");
  private static final Pattern WALK =
      Pattern.compile("(?s)\n## One request, end to end: [^\n]*\n(.*?)\nIf the server dies");
  private static final Pattern NAME = Pattern.compile("`(\\w+\\.proto|\\w+)[^`\n]*`");

  @Test
  void theWalkNamesAtMostTwentyFiles() throws IOException {
    var walk = WALK.matcher(Files.readString(DOCUMENT));
    assertThat(walk.find()).isTrue();
    var named = named(walk.group(1), sources());
    assertThat(named)
        .contains("instance_service.proto", "InstanceGrpcService.java", "DockerSandboxEngine.java")
        .hasSizeLessThanOrEqualTo(MAX_FILES);
  }

  @Test
  void onlyNamesOfFilesCount() {
    var sources = Set.of("One.java", "Two.java", "three.proto");
    assertThat(named("`One.stop` **`Two`** `Other` `three.proto` `One`", sources))
        .containsExactly("One.java", "Two.java", "three.proto");
  }

  private static Set<String> named(String text, Set<String> sources) {
    var named = new TreeSet<String>();
    NAME.matcher(text)
        .results()
        .map(name -> name.group(1))
        .map(name -> name.endsWith(".proto") ? name : name + ".java")
        .filter(sources::contains)
        .forEach(named::add);
    return named;
  }

  /** Returns the names of all source files of the product. */
  private static Set<String> sources() throws IOException {
    var sources = new HashSet<String>();
    for (var root : MavenModules.files("src/main")) {
      try (Stream<Path> files = Files.walk(root)) {
        files.map(file -> file.getFileName().toString()).forEach(sources::add);
      }
    }
    return sources;
  }
}

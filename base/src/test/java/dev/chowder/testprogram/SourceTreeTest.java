package dev.chowder.testprogram;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SourceTreeTest {
  @Test
  void theSourcesContainTheWorkingDirectory() {
    var tree = SourceTree.here();
    assertThat(Path.of("").toAbsolutePath().startsWith(tree.root())).isTrue();
    assertThat(Files.exists(tree.packages().library().resolve("common.sh"))).isTrue();
  }

  @Test
  void theCacheIsThatOfTheScripts() {
    assertThat(SourceTree.cache(Map.of("CHOWDER_CACHE", "/a", "XDG_CACHE_HOME", "/b")))
        .isEqualTo(Path.of("/a"));
    assertThat(SourceTree.cache(Map.of("CHOWDER_CACHE", "", "XDG_CACHE_HOME", "/b")))
        .isEqualTo(Path.of("/b/chowder"));
    assertThat(SourceTree.cache(Map.of()))
        .isEqualTo(Path.of(System.getProperty("user.home"), ".cache/chowder"));
  }
}

package dev.chowder.openclaw.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Compares the listed patterns, whose time other tests check, with the schema of the image. */
class SchemaPatternsIT {
  private static final String IMAGE =
      System.getenv().getOrDefault("CHOWDER_SANDBOX_IMAGE", "chowder/sandbox-medium:latest");

  /** Returns the patterns of the schema, sorted. */
  static List<String> listed() throws Exception {
    return Files.readAllLines(Path.of("src/test/resources/openclaw/schema-patterns.txt"));
  }

  @Test
  @Timeout(120)
  void theListHasThePatternsOfTheSchema() throws Exception {
    var command =
        List.of(
            "docker",
            "run",
            "--rm",
            "--network",
            "none",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "-e",
            "HOME=/tmp",
            IMAGE,
            "openclaw",
            "config",
            "schema",
            "--json");
    var process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    var schema = new ObjectMapper().readTree(process.getInputStream());
    assertThat(process.waitFor()).isZero();
    var patterns = new TreeSet<String>();
    collect(schema, patterns);
    assertThat(patterns).containsExactlyElementsOf(new TreeSet<>(listed()));
  }

  /** Below {@code properties}, a setting may have the name {@code pattern}, too. */
  private static void collect(JsonNode node, Set<String> found) {
    if (node.path("pattern").isTextual()) found.add(node.get("pattern").textValue());
    node.forEach(child -> collect(child, found));
  }
}

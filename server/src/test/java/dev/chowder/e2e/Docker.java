package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What Docker's own command line sees of the installation's sandboxes, and does behind its back.
 */
final class Docker {
  private Docker() {}

  static Command.Result docker(String... arguments) {
    return Command.run(Limits.STEP, List.of("docker"), arguments);
  }

  static JsonNode inspect(String container) {
    try {
      return Answer.JSON.readTree(docker("inspect", container).out()).get(0);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** Not while another one takes its place, and there is none for a moment. */
  static boolean runs(String container) {
    return !docker("ps", "-q", "--filter", "name=^/" + container + "$").out().isBlank();
  }

  /** Everything in Docker that carries the instance's label: containers, then volumes. */
  static String leftOf(Agent agent) {
    String label = "label=dev.chowder.instance=" + agent.id();
    return (docker("ps", "-aq", "--filter", label).out()
            + docker("volume", "ls", "-q", "--filter", label).out())
        .strip();
  }

  /** Also works for a container that does not run. */
  static void copyOut(String container, String path, Path to) {
    var copy = List.of("docker", "cp", "-q", container + ":" + path, to.toString());
    // The engine breaks off when a file gets shorter while it is read, as databases' files do.
    Command.Result result =
        Eventually.get(
            "copy of " + path,
            Limits.QUICK,
            () -> Command.attempt(Limits.STEP, copy, Map.of()),
            attempt -> !attempt.err().contains("unexpected EOF"));
    assertThat(result.exit()).as("exit of %s: %s", copy, result).isZero();
  }

  static void copyIn(Path from, String container, String path) {
    docker("cp", "-q", from.toString(), container + ":" + path);
  }

  static String shell(String container, String script) {
    return docker("exec", "--user", "1000", container, "sh", "-c", script).out();
  }

  static String logs(String container) {
    Command.Result result = docker("logs", container);
    assertThat(result.out() + result.err()).as("log of %s", container).isNotBlank();
    return result.out() + result.err();
  }
}

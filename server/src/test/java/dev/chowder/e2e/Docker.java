package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Observes and changes the installation's sandboxes with Docker's own command line, without
 * Chowder.
 */
final class Docker {
  private Docker() {}

  static Command.Result docker(String... arguments) {
    return Command.run(Limits.STEP, List.of("docker"), arguments);
  }

  /** Returns the name of the gateway's container of an instance; empty if it has none. */
  static String gatewayOf(String instanceId) {
    var ofInstance = "label=dev.chowder.instance=" + instanceId;
    var isGateway = "label=dev.chowder.role=gateway";
    return docker(
            "ps", "-a", "--filter", ofInstance, "--filter", isGateway, "--format", "{{.Names}}")
        .out()
        .strip();
  }

  static JsonNode inspect(String container) {
    try {
      return Answer.JSON.readTree(docker("inspect", container).out()).get(0);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns false also while a container is being replaced and does not exist for a moment. */
  static boolean runs(String container) {
    return !docker("ps", "-q", "--filter", named(container)).out().isBlank();
  }

  /** Returns whether the container exists and its processes are frozen. */
  static boolean isFrozen(String container) {
    String paused = "status=paused";
    return !docker("ps", "-q", "--filter", named(container), "--filter", paused).out().isBlank();
  }

  private static String named(String container) {
    return "name=^/" + container + "$";
  }

  /**
   * Removes a container that Chowder may remove at the same time. Docker refuses the second
   * removal.
   */
  static void remove(String container) {
    Command.Result _ =
        Command.attempt(Limits.STEP, List.of("docker", "rm", "-f", container), Map.of());
    Eventually.get(
        "removed",
        Limits.STEP,
        () -> docker("ps", "-aq", "--filter", named(container)).out(),
        String::isBlank);
  }

  /** Returns all containers and volumes with the instance's label. */
  static String leftOf(Agent agent) {
    String label = "label=dev.chowder.instance=" + agent.id();
    return (docker("ps", "-aq", "--filter", label).out()
            + docker("volume", "ls", "-q", "--filter", label).out())
        .strip();
  }

  /** Also works for a stopped container. */
  static void copyOut(String container, String path, Path to) {
    var copy = List.of("docker", "cp", "-q", container + ":" + path, to.toString());
    // The engine aborts if a file shrinks while it is read, as database files do.
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
    return docker("exec", container, "sh", "-c", script).out();
  }

  static String logs(String container) {
    Command.Result result = docker("logs", container);
    assertThat(result.out() + result.err()).as("log of %s", container).isNotBlank();
    return result.out() + result.err();
  }
}

package dev.chowder.server.process;

import dev.chowder.base.Await;
import dev.chowder.simulator.Main;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * A simulator as a process of its own, which outlives the nodes of a test, as a real engine does.
 * There is one for each folder of sandboxes. It ends with the JVM of the tests, or when a test
 * closes it.
 */
public final class SimulatorProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  /** The prefix of the variables that are settings of a simulator. */
  private static final String SETTINGS = "CHOWDER_FAKE_";

  private static final Map<Path, SimulatorProcess> RUNNING = new ConcurrentHashMap<>();

  private final Path sandboxes;

  /** Not in the home of a test, whose path may be too long for a socket. */
  private final Path folder;

  private final Process process;
  private final Thread end;

  private SimulatorProcess(Path sandboxes, Map<String, String> settings) throws IOException {
    this.sandboxes = sandboxes;
    this.folder = Files.createTempDirectory("chowder-simulator");
    var builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-Dlogback.configurationFile=dev/chowder/simulator/logback.xml",
                "-cp",
                classes(),
                Main.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log().toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().putAll(settings);
    builder.environment().put("CHOWDER_FAKE_SANDBOXES", sandboxes.toString());
    builder.environment().put("CHOWDER_SANDBOX_SOCKET", socket().toString());
    this.process = builder.start();
    this.end = Thread.ofPlatform().unstarted(this::kill);
    // Tests that are ended from outside stop their simulators.
    Runtime.getRuntime().addShutdownHook(end);
  }

  /**
   * Returns the simulator of a folder of sandboxes, which serves.
   *
   * @param environment the environment of a node; its settings of simulated sandboxes apply if the
   *     simulator does not run yet
   */
  public static SimulatorProcess of(Path sandboxes, Map<String, String> environment) {
    var simulator =
        RUNNING.computeIfAbsent(
            sandboxes,
            folder -> {
              var settings = new HashMap<>(environment);
              settings.keySet().removeIf(name -> !name.startsWith(SETTINGS));
              try {
                return new SimulatorProcess(folder, settings);
              } catch (IOException failed) {
                throw new UncheckedIOException(failed);
              }
            });
    simulator.awaitServing();
    return simulator;
  }

  /** Returns the environment of a node that uses this simulator. */
  public Map<String, String> environment() {
    return Map.of(
        "CHOWDER_SANDBOX_ENGINE", "remote", "CHOWDER_SANDBOX_SOCKET", socket().toString());
  }

  private void awaitServing() {
    Await.until(
        START_LIMIT,
        () -> {
          if (!process.isAlive()) throw new AssertionError("the simulator ended: " + output());
          return Files.exists(socket());
        },
        this::output);
  }

  private String output() {
    try {
      return Files.readString(log());
    } catch (IOException missing) {
      return missing.toString();
    }
  }

  private Path socket() {
    return folder.resolve("engine.sock");
  }

  private Path lock() {
    return folder.resolve("engine.sock.lock");
  }

  private Path log() {
    return folder.resolve("simulator.log");
  }

  private static String classes() {
    var entries = Objects.requireNonNull(System.getProperty("java.class.path"));
    return Arrays.stream(entries.split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty() && !entry.contains("test-classes"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private void kill() {
    process.destroyForcibly();
  }

  /** Ends the process. Its sandboxes stay in their folder. */
  @Override
  public void close() {
    RUNNING.remove(sandboxes, this);
    kill();
    try {
      process.waitFor();
      Runtime.getRuntime().removeShutdownHook(end);
      for (var file : List.of(socket(), lock(), log(), folder)) Files.deleteIfExists(file);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Ends the simulator of a folder of sandboxes, if one runs. */
  public static void end(Path sandboxes) {
    var running = RUNNING.get(sandboxes);
    if (running != null) running.close();
  }
}

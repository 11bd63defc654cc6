package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * A separate Docker Engine in its own network namespace, with its own installation, for tests that
 * stop the engine. Other containers on the machine are not affected. Needs root. If this JVM is
 * ended from outside, it removes everything first.
 */
final class SeparateEngine implements AutoCloseable {
  private static final Duration ENGINE_LIMIT = Limits.STEP;

  private final Path folder;
  private final String network;
  private final Root root;
  private final Thread end = Thread.ofPlatform().unstarted(this::remove);

  private SeparateEngine(Path folder, Root root) {
    this.folder = folder;
    this.network = "chowder-" + folder.getFileName();
    this.root = root;
  }

  /** Starts an engine that has the sandbox image and nothing else. */
  static SeparateEngine start() {
    var root = Root.find();
    assertThat(root).as("a separate engine needs root: run this as root").isPresent();
    var engine = new SeparateEngine(newFolder(), root.orElseThrow());
    Runtime.getRuntime().addShutdownHook(engine.end);
    try {
      engine.begin();
      return engine;
    } catch (RuntimeException | AssertionError failed) {
      engine.close();
      throw failed;
    }
  }

  private static Path newFolder() {
    try {
      return Files.createTempDirectory("chowder-engine");
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private void begin() {
    root("mkdir", home().toString());
    root("ip", "netns", "add", network);
    var _ = in("ip", "link", "set", "lo", "up");
    launch();
    load();
  }

  /** The state directory of the installation. */
  Path home() {
    return folder.resolve("home");
  }

  /** Runs a program in the engine's network, and fails unless it succeeds. */
  Program.Result in(String... words) {
    return inside(words).within(Limits.PROVISIONING).run();
  }

  /** Returns a program that runs in the engine's network and uses the engine. */
  Program inside(String... words) {
    // Changes only the network namespace. `ip netns exec` would also hide the control groups.
    var program =
        Program.of("nsenter", "--net=/run/netns/" + network)
            .and(words)
            .with(
                Map.of(
                    "DOCKER_HOST",
                    "unix://" + folder.resolve("docker.sock"),
                    "CHOWDER_HOME",
                    home().toString(),
                    // The engine has no other image, and no network to build one.
                    "CHOWDER_SANDBOX_IMAGES",
                    "small",
                    "CHOWDER_START_AT_BOOT",
                    "no"));
    return root.run(program).within(Limits.STEP);
  }

  /**
   * Calls an API of the installation and returns the JSON of the response.
   *
   * @param authorization name of a file in the state directory with the header
   * @param body JSON, or an empty string
   */
  JsonNode call(String method, String url, String authorization, String body) {
    var answer =
        in(
            "curl",
            "-sS",
            "--fail-with-body",
            "--max-time",
            Long.toString(Limits.STEP.toSeconds()),
            "-X",
            method,
            "-H",
            "@" + home().resolve(authorization),
            "-H",
            "Content-Type: application/json",
            "-d",
            body,
            url);
    try {
      return Answer.JSON.readTree(answer.output());
    } catch (IOException why) {
      throw new AssertionError("no JSON: " + answer, why);
    }
  }

  /** Stops the engine as a stop of its service does. */
  void stop() {
    var running = pid();
    if (running.isEmpty()) return;
    root("kill", "-TERM", Long.toString(running.get().pid()));
    Eventually.is("the engine stopped", ENGINE_LIMIT, () -> !running.get().isAlive());
  }

  /** Starts a stopped engine with its data. */
  void startAgain() {
    launch();
  }

  /** Restarts it without its data, as if its disk were not mounted. */
  void empty() {
    stop();
    root("mv", data("data"), data("data-away"));
    launch();
  }

  /** Restarts it with its earlier data. Data that was created meanwhile is not used. */
  void refill() {
    stop();
    root("mv", data("data"), data("data-meanwhile"));
    root("mv", data("data-away"), data("data"));
    launch();
  }

  /** Removes everything, also the folder. */
  @Override
  public void close() {
    var _ = Runtime.getRuntime().removeShutdownHook(end);
    remove();
    assertThat(folder).doesNotExist();
  }

  private void remove() {
    if (answers()) {
      var _ = in("sh", "-c", "docker ps -aq | xargs -r docker rm -f");
    }
    stop();
    if (Files.exists(Path.of("/run/netns", network))) {
      // If this JVM is ended from outside, the installation still runs there.
      root("sh", "-c", "ip netns pids \"$1\" | xargs -r kill -KILL || true", "sh", network);
      root("ip", "netns", "delete", network);
    }
    // The engine removes its mounts when it stops. If one remains, rm would delete the files of the
    // mounted file system.
    if (!mounts().contains(" " + folder + "/")) root("rm", "-rf", folder.toString());
  }

  private void launch() {
    // setsid, so that the engine outlives this program. Separate folders, so that it shares no data
    // with another engine.
    var _ =
        in(
            "sh",
            "-c",
            "log=$1; shift; exec setsid --fork \"$@\" >>\"$log\" 2>&1 </dev/null",
            "sh",
            data("dockerd.log"),
            "dockerd",
            "--data-root",
            data("data"),
            "--exec-root",
            data("exec"),
            "--pidfile",
            data("dockerd.pid"),
            "--host",
            "unix://" + data("docker.sock"));
    var _ =
        Eventually.get(
            "the engine answers", ENGINE_LIMIT, () -> answers() ? "" : lastLine(), String::isEmpty);
  }

  private void load() {
    var image = Program.of("../image/build").within(Limits.PROVISIONING).run().text();
    var _ = in("sh", "-c", "env -u DOCKER_HOST docker save \"$1\" | docker load -q", "sh", image);
  }

  private boolean answers() {
    return inside("timeout", "10", "docker", "version").succeeds();
  }

  private Optional<ProcessHandle> pid() {
    try {
      var file = folder.resolve("dockerd.pid");
      return Files.exists(file)
          ? ProcessHandle.of(Long.parseLong(Files.readString(file).strip()))
          : Optional.empty();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private String lastLine() throws IOException {
    var log = Files.readAllLines(folder.resolve("dockerd.log"));
    return log.isEmpty() ? "its log is empty" : log.getLast();
  }

  private static String mounts() {
    try {
      return Files.readString(Path.of("/proc/mounts"));
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private String data(String name) {
    return folder.resolve(name).toString();
  }

  private void root(String... words) {
    var _ = root.run(words).within(ENGINE_LIMIT).run();
  }
}

package dev.chowder.checks.cgroup2;

import static dev.chowder.checks.cgroup2.Cgroup2Guest.run;

import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Wait;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A container with the limits of a sandbox, whose process keeps 40 MiB and returns their hash.
 *
 * @param pid its process
 * @param id its full id
 * @param group the folder of its control group
 */
record Keeper(String pid, String id, Path group) {
  private static final String NAME = "keeper";
  private static final Path SHARED = Path.of("/opt/shared");
  private static final Path DIGEST = SHARED.resolve("digest");
  private static final Duration LIMIT = Duration.ofMinutes(5);

  /** Starts the engine and the container. */
  static Keeper start() throws Exception {
    Files.createDirectories(SHARED);
    try (var script = Keeper.class.getResourceAsStream("keeper.py")) {
      Files.copy(java.util.Objects.requireNonNull(script), SHARED.resolve("keeper.py"));
    }
    var _ = Program.of("systemctl", "start", "docker").within(LIMIT).run();
    Wait.until(LIMIT, "the engine responds", () -> Program.of("docker", "version").succeeds());
    run("sh", "-c", "tar -cf - --files-from /dev/null | docker import - empty");
    run(
        ("docker run -d --name keeper --network none --memory 192m --memory-swap 192m"
                + " -v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro"
                + " -v /opt/shared:/shared empty /usr/bin/python3 /shared/keeper.py")
            .split(" ", -1));
    Wait.until(LIMIT, "the container keeps memory", () -> Files.exists(DIGEST));
    var pid = inspect("{{.State.Pid}}");
    var cgroup = Files.readString(Path.of("/proc", pid, "cgroup")).strip();
    var group = Path.of("/sys/fs/cgroup" + cgroup.substring("0::".length()));
    return new Keeper(pid, inspect("{{.Id}}"), group);
  }

  /** Returns the hash that the process wrote at its start. */
  static String firstDigest() throws IOException {
    return Files.readString(DIGEST);
  }

  /** Makes the process read all its memory, and returns the hash. */
  static String digest() throws Exception {
    Files.deleteIfExists(DIGEST);
    run("docker", "kill", "-s", "USR1", NAME);
    Wait.until(LIMIT, "the process writes the hash", () -> Files.exists(DIGEST));
    return Files.readString(DIGEST);
  }

  static void pause() {
    run("docker", "pause", NAME);
  }

  static void unpause() {
    run("docker", "unpause", NAME);
  }

  static void expectAlive(boolean paused) {
    var state =
        inspect("{{.State.Running}} {{.State.Paused}} {{.State.OOMKilled}} {{.RestartCount}}");
    Expect.equal(state, "true " + paused + " false 0");
  }

  /** Returns the text of a file of the control group. */
  String value(String file) throws IOException {
    return Files.readString(group.resolve(file)).strip();
  }

  long bytes(String file) throws IOException {
    return Long.parseLong(value(file));
  }

  /** Returns a number of a file with lines of a name and a number. */
  long field(String name, String file) throws IOException {
    return value(file)
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .map(line -> Long.parseLong(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  long residentBytes() throws IOException {
    return field("anon", "memory.stat");
  }

  void write(String file, String value) throws IOException {
    Files.writeString(group.resolve(file), value);
  }

  private static String inspect(String format) {
    return run("docker", "inspect", "-f", format, NAME);
  }
}

package dev.chowder.server.crash;

import dev.chowder.actor.Failpoints;
import dev.chowder.server.Main;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The real server in a process of its own, with a home that outlives it. */
final class ServerProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final int LINES_KEPT = 120;
  private static final Pattern SERVES = Pattern.compile("chowder serves gRPC on .*:(\\d+)");

  private final Process process;
  private final CompletableFuture<Integer> port = new CompletableFuture<>();
  private final Deque<String> lines = new ArrayDeque<>();
  private final int operatorPort;
  private @Nullable ManagedChannel channel;

  private ServerProcess(Process process, int operatorPort) {
    this.process = process;
    this.operatorPort = operatorPort;
    Thread.ofVirtual().name("server-output").start(this::read);
  }

  /** Where a home's armed failpoint is written. */
  private static Path armed(Path home) {
    return home.resolve("failpoint");
  }

  static Path sandboxes(Path home) {
    return home.resolve("sandboxes");
  }

  /** From now on the process dies there; so does every process that is started in this home. */
  static void arm(Path home, String failpoint) {
    try {
      var written = home.resolve("failpoint.new");
      Files.writeString(written, failpoint);
      Files.move(written, armed(home), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  static void disarm(Path home) {
    arm(home, "");
  }

  /** Starts it, and waits for nothing. */
  static ServerProcess launch(Path home) throws IOException {
    var cache = startCache(home);
    return launch(home, Files.exists(cache) ? List.of("-XX:AOTCache=" + cache) : List.of());
  }

  /**
   * Starts a process from whose orderly end later ones learn to start in half the time; they do not
   * behave differently. The JVM can do that with jars only, so not when an IDE runs this.
   */
  static ServerProcess rehearse(Path home) throws IOException {
    boolean onlyJars =
        Arrays.stream(classPath().split(File.pathSeparator, -1))
            .allMatch(entry -> entry.endsWith(".jar"));
    return launch(home, onlyJars ? List.of("-XX:AOTCacheOutput=" + startCache(home)) : List.of());
  }

  private static Path startCache(Path home) {
    return home.resolveSibling("start.aot");
  }

  private static ServerProcess launch(Path home, List<String> options) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A process lives for a second or two: what makes it start soon is what counts.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"));
    command.addAll(options);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dchowder.caretaker.interval=300ms",
            "-Dchowder.caretaker.unborn-grace=1s",
            "-Dchowder.effect.retry-min=20ms",
            "-Dchowder.effect.retry-max=200ms"));
    command.addAll(List.of("-cp", classPath(), Main.class.getName()));
    int operatorPort = freePort();
    var builder = new ProcessBuilder(command).directory(home.toFile()).redirectErrorStream(true);
    var environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    environment.put("CHOWDER_HOME", home.toString());
    environment.put("CHOWDER_GRPC_PORT", "0");
    environment.put("CHOWDER_OPERATOR_PORT", Integer.toString(operatorPort));
    environment.put("CHOWDER_SANDBOX_DRIVER", "fake");
    environment.put("CHOWDER_FAKE_SANDBOXES", sandboxes(home).toString());
    environment.put("CHOWDER_FAILPOINT", "@" + armed(home));
    return new ServerProcess(builder.start(), operatorPort);
  }

  /** Starts it, and waits until it serves. */
  static ServerProcess start(Path home) throws IOException {
    var server = launch(home);
    server.grpcPort();
    return server;
  }

  /** Without the tests' own classes: what runs is what is shipped. */
  private static String classPath() {
    var entries = System.getProperty("java.class.path").split(File.pathSeparator, -1);
    return String.join(
        File.pathSeparator,
        Arrays.stream(entries).filter(entry -> !entry.contains("test-classes")).toList());
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void read() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (var line = output.readLine(); line != null; line = output.readLine()) {
        var serves = SERVES.matcher(line);
        if (serves.find()) port.complete(Integer.parseInt(serves.group(1)));
        synchronized (lines) {
          if (lines.size() == LINES_KEPT) lines.removeFirst();
          lines.addLast(line);
        }
      }
    } catch (IOException ended) {
      synchronized (lines) {
        lines.addLast("(output ended: " + ended.getMessage() + ")");
      }
    }
    port.completeExceptionally(new IllegalStateException("the server ended"));
  }

  int operatorPort() {
    return operatorPort;
  }

  synchronized ManagedChannel channel() {
    var open = channel;
    if (open == null) {
      open = NettyChannelBuilder.forAddress("127.0.0.1", grpcPort()).usePlaintext().build();
      channel = open;
    }
    return open;
  }

  private int grpcPort() {
    try {
      return port.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      throw new AssertionError("the server does not serve; its last lines:\n" + tail(), why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  /** The exit code, when the process ends within the limit. */
  int awaitExit(Duration limit) {
    if (!endsWithin(limit)) {
      throw new AssertionError("the server runs still after " + limit + "; its lines:\n" + tail());
    }
    return process.exitValue();
  }

  /** Fails unless the process dies, by itself, at its failpoint. */
  void awaitDeathAt(String failpoint, Duration limit) {
    if (!endsWithin(limit)) {
      throw new AssertionError("nothing hit " + failpoint + " within " + limit + "\n" + tail());
    }
    if (process.exitValue() != Failpoints.EXIT_CODE) {
      throw new AssertionError(
          "exit code: "
              + process.exitValue()
              + " (expected: "
              + Failpoints.EXIT_CODE
              + ", of "
              + failpoint
              + ")\n"
              + tail());
    }
  }

  boolean endsWithin(Duration limit) {
    try {
      return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  /** As {@code kill -9}; returns when it is dead. */
  void kill() {
    process.destroyForcibly();
    awaitExit(Duration.ofSeconds(20));
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  String tail() {
    synchronized (lines) {
      return String.join("\n", lines);
    }
  }

  @Override
  public void close() {
    if (process.isAlive()) kill();
    synchronized (this) {
      if (channel != null) channel.shutdownNow();
    }
  }
}

package dev.chowder.server.crash;

import dev.chowder.base.Failpoints;
import dev.chowder.server.process.ServerCommand;
import dev.chowder.server.process.SimulatorClasses;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The real server as a separate process, with a home that outlives it. */
public final class ServerProcess implements KillableServer {
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final int LINES_KEPT = 120;
  private static final Pattern SERVES =
      Pattern.compile("chowder serves gRPC on \\S+:(\\d+), operators on \\S+:(\\d+)");

  /** Settings of all servers here, as options of a command line. */
  static final List<String> OPTIONS =
      List.of(
          "-Dchowder.reconciler.interval=300ms",
          "-Dchowder.reconciler.min-unused-slot-age=1s",
          "-Dchowder.reconciler.removal-delay=1s",
          "-Dchowder.disk.interval=50ms",
          // The environment of the tests is removed below.
          "-Dchowder.effect.sleep.freeze=true",
          "-Dchowder.sleep.check-interval=100ms",
          "-Dchowder.sleep.page-out-delay=0s",
          // A pool member would be a sandbox that most tests do not expect.
          "-Dchowder.pool.max-size=0",
          "-Dchowder.effect.min-retry-delay=20ms",
          "-Dchowder.effect.max-retry-delay=200ms");

  private final Process process;
  private final CompletableFuture<Ports> ports = new CompletableFuture<>();
  private final Deque<String> lines = new ArrayDeque<>();
  private final Thread end = Thread.ofPlatform().unstarted(this::halt);
  private @Nullable ManagedChannel channel;

  /**
   * The ports on which it listens. It chose both itself, so no other process can take them first.
   */
  private record Ports(int grpc, int operator) {}

  private ServerProcess(Process process) {
    this.process = process;
    // Tests that are ended from outside stop their servers.
    Runtime.getRuntime().addShutdownHook(end);
    Thread.ofVirtual().name("server-output").start(this::read);
  }

  /** Returns the file with the armed failpoint of a home. */
  private static Path armed(Path home) {
    return home.resolve("failpoint");
  }

  public static Path sandboxes(Path home) {
    return home.resolve("sandboxes");
  }

  /** Arms a failpoint: the running process, and every later one in this home, dies there. */
  static void arm(Path home, String failpoint) {
    try {
      var written = home.resolve("failpoint.new");
      Files.writeString(written, failpoint);
      Files.move(written, armed(home), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  public static void disarm(Path home) {
    arm(home, "");
  }

  /**
   * Starts the server without waiting.
   *
   * @param storage where it stores its data
   * @param settings options of the process, which override those of all tests
   */
  static ServerProcess launch(Path home, HomeStorage storage, List<String> settings)
      throws IOException {
    var builder = command(home, storage.environment(home), settings);
    builder.environment().putAll(SimulatorClasses.environment(sandboxes(home)));
    return new ServerProcess(builder.start());
  }

  private static ProcessBuilder command(
      Path home, Map<String, String> storage, List<String> settings) throws IOException {
    var properties = new ArrayList<>(SharedStripe.options());
    properties.addAll(OPTIONS);
    properties.addAll(settings);
    var command = ServerCommand.of(properties);
    var builder = new ProcessBuilder(command).directory(home.toFile()).redirectErrorStream(true);
    var environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    environment.put("CHOWDER_HOME", home.toString());
    environment.put("CHOWDER_GRPC_PORT", "0");
    environment.put("CHOWDER_OPERATOR_PORT", "0");
    environment.put("CHOWDER_MONITORING_PORT", "0");
    environment.put("CHOWDER_SHUTDOWN_TIMEOUT", "3s");
    environment.put("CHOWDER_SIGN_UP_OPEN", "loopback");
    environment.put("CHOWDER_LOCALHOST_MODEL_PORTS", ListedModels.ports());
    // A pool member would be a sandbox that the tests do not expect.
    environment.put("CHOWDER_POOL_MAX_SIZE", "0");
    environment.putAll(storage);
    environment.put("CHOWDER_FAILPOINT", "@" + armed(home));
    return builder;
  }

  /** Starts the server and waits until it is ready. */
  public static ServerProcess start(Path home, HomeStorage storage) throws IOException {
    return start(home, storage, List.of());
  }

  /**
   * Starts the server and waits until it is ready.
   *
   * @param settings as for {@link #launch}
   */
  static ServerProcess start(Path home, HomeStorage storage, List<String> settings)
      throws IOException {
    var server = launch(home, storage, settings);
    try {
      server.ports();
    } catch (AssertionError why) {
      server.close();
      throw why;
    }
    return server;
  }

  private void read() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (var line = output.readLine(); line != null; line = output.readLine()) {
        var serves = SERVES.matcher(line);
        if (serves.find()) {
          ports.complete(
              new Ports(Integer.parseInt(serves.group(1)), Integer.parseInt(serves.group(2))));
        }
        // Otherwise each server would take twice as long, unnoticed.
        if (line.contains("AOT cache: rejected")) {
          ports.completeExceptionally(new IllegalStateException(line));
        }
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
    ports.completeExceptionally(new IllegalStateException("the server ended"));
  }

  @Override
  public int operatorPort() {
    return ports().operator();
  }

  @Override
  public synchronized ManagedChannel channel() {
    var open = channel;
    if (open == null) {
      open = NettyChannelBuilder.forAddress("127.0.0.1", ports().grpc()).usePlaintext().build();
      channel = open;
    }
    return open;
  }

  private Ports ports() {
    try {
      return ports.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      throw new AssertionError("the server does not serve; its last lines:\n" + tail(), why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  /** Returns the exit code if the process ends within the limit. */
  public int awaitExit(Duration limit) {
    if (!endsWithin(limit)) {
      throw new AssertionError("the server runs still after " + limit + "; its lines:\n" + tail());
    }
    return process.exitValue();
  }

  @Override
  public void awaitDeathAt(FailpointCase failpoint, Duration limit) {
    if (!endsWithin(limit)) {
      throw new AssertionError(
          "no thread reached " + failpoint + " within " + limit + "\n" + tail());
    }
    if (process.exitValue() != Failpoints.EXIT_CODE) {
      throw new AssertionError(
          "exit code: must be "
              + Failpoints.EXIT_CODE
              + ", of "
              + failpoint
              + "; got "
              + process.exitValue()
              + "\n"
              + tail());
    }
  }

  @Override
  public boolean endsWithin(Duration limit) {
    try {
      return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  @Override
  public boolean hasEnded() {
    return !process.isAlive();
  }

  @Override
  public void kill() {
    halt();
    awaitExit(Duration.ofSeconds(20));
  }

  private void halt() {
    process.toHandle().destroyForcibly();
  }

  /** Sends SIGTERM. Unlike {@code Process.destroy}, it keeps the output readable. */
  @Override
  public void terminate() {
    process.toHandle().destroy();
  }

  @Override
  public String tail() {
    synchronized (lines) {
      return String.join("\n", lines);
    }
  }

  @Override
  public void close() {
    if (process.isAlive()) kill();
    Runtime.getRuntime().removeShutdownHook(end);
    synchronized (this) {
      if (channel != null) channel.shutdownNow();
    }
  }
}

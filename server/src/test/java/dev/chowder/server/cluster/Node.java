package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.server.process.ServerCommand;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One node that can be stopped in every way and started again on the same ports. */
final class Node implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofMinutes(3);

  private final int number;
  private final Ports ports;
  private final Path log;
  private final Map<String, String> environment;
  private final ManagedChannel channel;
  private @Nullable Process process;

  /** Chosen once and reused by each start. */
  record Ports(int grpc, int operator, int monitoring, int management) {
    static Ports free() {
      var ports = FreePorts.take(4);
      return new Ports(ports.get(0), ports.get(1), ports.get(2), ports.get(3));
    }
  }

  Node(int number, Ports ports, Path log, Map<String, String> environment) {
    this.number = number;
    this.ports = ports;
    this.log = log;
    this.environment = environment;
    this.channel = NettyChannelBuilder.forAddress("127.0.0.1", ports.grpc()).usePlaintext().build();
  }

  /** Starts the node without waiting. */
  void launch() {
    var command =
        ServerCommand.of(
            List.of(
                "-Dchowder.reconciler.min-unused-slot-age=5s",
                "-Dchowder.effect.min-retry-delay=20ms",
                "-Dchowder.effect.max-retry-delay=200ms"));
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_SIGN_UP_OPEN", "loopback");
    // A pool member would be a sandbox that the tests do not expect.
    builder.environment().put("CHOWDER_POOL_MAX_SIZE", "0");
    builder.environment().putAll(environment);
    builder.environment().put("CHOWDER_GRPC_PORT", Integer.toString(ports.grpc()));
    builder.environment().put("CHOWDER_OPERATOR_PORT", Integer.toString(ports.operator()));
    builder.environment().put("CHOWDER_MONITORING_PORT", Integer.toString(ports.monitoring()));
    builder
        .environment()
        .put("CHOWDER_CLUSTER_MANAGEMENT_PORT", Integer.toString(ports.management()));
    try {
      Files.writeString(log, "");
      process = builder.start();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  void awaitServing() {
    Await.until(
        START_LIMIT, () -> log().contains("chowder serves gRPC on"), () -> this + ": " + tail());
    // Otherwise calls fail until the pause after the last attempt to connect is over.
    channel.resetConnectBackoff();
  }

  Ports ports() {
    return ports;
  }

  ManagedChannel channel() {
    return channel;
  }

  /** Returns the node's wall clock, to a second. */
  Instant clock() {
    var healthz = URI.create("http://127.0.0.1:" + ports.monitoring() + "/healthz");
    try (var http = HttpClient.newHttpClient()) {
      var answer =
          http.send(
              HttpRequest.newBuilder(healthz).build(), HttpResponse.BodyHandlers.discarding());
      return DateTimeFormatter.RFC_1123_DATE_TIME.parse(
          answer.headers().firstValue("Date").orElseThrow(), Instant::from);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  boolean runs() {
    return process != null && process.isAlive();
  }

  /** Sends a signal: TERM, KILL, STOP or CONT. */
  void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(running().pid())).start().waitFor();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  int awaitExit(Duration limit) {
    try {
      if (running().waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) return running().exitValue();
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
    throw new AssertionError(this + " runs still after " + limit + ": " + tail());
  }

  /** Ends the node as an operator does, and starts it again. */
  void restart(Duration endLimit) {
    signal("TERM");
    assertThat(awaitExit(endLimit)).as(tail()).isEqualTo(128 + 15);
    launch();
    awaitServing();
  }

  private Process running() {
    if (process == null) throw new IllegalStateException(this + " was never started");
    return process;
  }

  String log() {
    try {
      return Files.readString(log);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  String tail() {
    var lines = log().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
  }

  @Override
  public String toString() {
    return "node " + number;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    if (runs()) {
      running().destroyForcibly();
      awaitExit(Duration.ofSeconds(20));
    }
  }
}

package dev.chowder.server.edge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A real Envoy with the project's configuration, on free ports. */
public final class EnvoyProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  /** Enough time for several rounds of health checks. */
  private static final Duration NODE_LIMIT = Duration.ofSeconds(15);

  private final Process process;
  private final int port;
  private final Path admin;

  private EnvoyProcess(Process process, int port, Path admin) {
    this.process = process;
    this.port = port;
    this.admin = admin;
  }

  /**
   * Starts Envoy and waits until it listens.
   *
   * @param folder folder for its configuration and log
   * @param variables variables of the template, over the defaults of {@code envoy/render.sh}
   */
  public static EnvoyProcess start(Path folder, Map<String, String> variables)
      throws IOException, InterruptedException {
    Path root = repository();
    var all = new HashMap<>(variables);
    all.put("CHOWDER_REST_PORT", "0");
    all.put("CHOWDER_OPERATOR_REST_PORT", "0");
    Path admin = folder.resolve("envoy-admin.sock");
    all.put("CHOWDER_ENVOY_ADMIN_SOCKET", admin.toString());
    all.put("CHOWDER_ENVOY_SECRETS", folder.resolve("envoy-secrets").toString());
    Path config = folder.resolve("envoy.yaml");
    Files.writeString(config, run(List.of(root.resolve("envoy/render.sh").toString()), all));
    Process process =
        new ProcessBuilder(
                binary(root),
                "-c",
                config.toString(),
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "warn")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("envoy.log").toFile())
            .start();
    try {
      return new EnvoyProcess(
          process, restPort(process, admin, folder.resolve("envoy.log")), admin);
    } catch (IOException | InterruptedException | RuntimeException thrown) {
      process.destroyForcibly();
      throw thrown;
    }
  }

  public int port() {
    return port;
  }

  /** Returns the port of the operator API. */
  int operatorPort() throws IOException {
    return port(ask(admin, "/listeners?format=json").path("listener_statuses"), "operators");
  }

  /** Returns the Unix socket of its admin interface. */
  Path admin() {
    return admin;
  }

  /** Returns one of its counters or gauges by its full name. */
  long stat(String name) throws IOException {
    return ask(admin, "/stats?format=json&filter=^" + name + "$").at("/stats/0/value").asLong(-1);
  }

  /** Returns the bytes that its allocator has handed out. */
  long allocatedBytes() throws IOException {
    return ask(admin, "/memory").path("allocated").asLong();
  }

  long pid() {
    return process.pid();
  }

  private static int restPort(Process process, Path admin, Path log)
      throws IOException, InterruptedException {
    Instant deadline = Instant.now().plus(START_LIMIT);
    try (var client = HttpClient.newHttpClient()) {
      while (Instant.now().isBefore(deadline) && process.isAlive()) {
        if (Files.exists(admin)) {
          JsonNode listeners = ask(admin, "/listeners?format=json").path("listener_statuses");
          if (!listeners.isEmpty()) {
            int port = port(listeners, "rest");
            // The port is listed before it accepts connections, because Envoy first looks for
            // healthy nodes.
            if (takesConnections(port)) {
              awaitANode(client, port);
              return port;
            }
          }
        }
        process.waitFor(50, TimeUnit.MILLISECONDS);
      }
    }
    throw new IOException("Envoy did not start: " + Files.readString(log));
  }

  private static int port(JsonNode listeners, String name) throws IOException {
    for (var listener : listeners) {
      if (listener.path("name").asText().equals(name)) {
        return listener.at("/local_address/socket_address/port_value").asInt();
      }
    }
    throw new IOException("Envoy has no listener " + name);
  }

  private static boolean takesConnections(int port) throws IOException {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
      return true;
    } catch (ConnectException notYet) {
      return false;
    }
  }

  /**
   * Waits for a healthy node. A node whose first response takes longer than a health check counts
   * as lost until the next one. Returns early if the test intends to have no node, or uses no plain
   * text.
   */
  private static void awaitANode(HttpClient client, int port) throws InterruptedException {
    Instant deadline = Instant.now().plus(NODE_LIMIT);
    var anything =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/organization"))
            .timeout(NODE_LIMIT)
            .build();
    int status = 503;
    while (status == 503 && Instant.now().isBefore(deadline)) {
      try {
        status = client.send(anything, HttpResponse.BodyHandlers.discarding()).statusCode();
      } catch (IOException noPlainText) {
        return;
      }
      Thread.sleep(50);
    }
  }

  private static JsonNode ask(Path admin, String target) throws IOException {
    try {
      return RawHttp.send(admin, RawHttp.Request.of("GET", target)).json();
    } catch (ConnectException notYet) {
      return MissingNode.getInstance();
    }
  }

  private static String binary(Path root) throws IOException, InterruptedException {
    String given = System.getenv("ENVOY_BIN");
    return given != null
        ? given
        : run(List.of(root.resolve("scripts/lib/envoy.sh").toString(), "path"), Map.of()).strip();
  }

  private static String run(List<String> command, Map<String, String> variables)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(variables);
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + ": exit " + process.exitValue());
    }
    return out;
  }

  /** Returns the repository; tests run in the module's folder. */
  static Path repository() {
    Path here = Path.of("").toAbsolutePath();
    while (!Files.exists(here.resolve("envoy/envoy.yaml"))) {
      Path parent = here.getParent();
      if (parent == null) {
        throw new IllegalStateException("no envoy/envoy.yaml in any folder above");
      }
      here = parent;
    }
    return here;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

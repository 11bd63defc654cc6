package dev.chowder.server.edge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.chowder.base.Await;
import dev.chowder.envoy.EnvoyConfiguration;
import dev.chowder.envoy.EnvoyProgram;
import dev.chowder.program.DebianPackages;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

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
   * @param variables variables of the template, over their defaults
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
    all.put(
        "CHOWDER_DESCRIPTORS", root.resolve("proto/target/classes/chowder/chowder.pb").toString());
    all.put("CHOWDER_OPENAPI", root.resolve("envoy/openapi.json").toString());
    Files.writeString(config, EnvoyConfiguration.render(all));
    Process process =
        new ProcessBuilder(
                program(root).toString(),
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
    } catch (Throwable thrown) {
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

  private static int restPort(Process process, Path admin, Path log) throws IOException {
    var port = new AtomicInteger();
    boolean started =
        Await.holdsWithin(
            START_LIMIT,
            () -> {
              port.set(openRestPort(admin));
              return port.get() != 0 || !process.isAlive();
            });
    if (!started || port.get() == 0) {
      throw new IOException("Envoy did not start: " + Files.readString(log));
    }
    awaitANode(port.get());
    return port.get();
  }

  /** Returns 0 if Envoy does not accept connections at the port yet. */
  private static int openRestPort(Path admin) throws IOException {
    if (!Files.exists(admin)) return 0;
    JsonNode listeners = ask(admin, "/listeners?format=json").path("listener_statuses");
    if (listeners.isEmpty()) return 0;
    int port = port(listeners, "rest");
    // The port is listed before it accepts connections, because Envoy first looks for healthy
    // nodes.
    return takesConnections(port) ? port : 0;
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
  private static void awaitANode(int port) {
    var anything =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/organization"))
            .timeout(NODE_LIMIT)
            .build();
    try (var client = HttpClient.newHttpClient()) {
      var _ =
          Await.holdsWithin(
              NODE_LIMIT,
              () -> {
                try {
                  var answer = client.send(anything, HttpResponse.BodyHandlers.discarding());
                  return answer.statusCode() != 503;
                } catch (IOException noPlainText) {
                  return true;
                }
              });
    }
  }

  private static JsonNode ask(Path admin, String target) throws IOException {
    try {
      return RawHttp.send(admin, RawHttp.Request.of("GET", target)).json();
    } catch (ConnectException notYet) {
      return MissingNode.getInstance();
    }
  }

  private static Path program(Path root) {
    var variables = System.getenv();
    var caches = variables.getOrDefault("XDG_CACHE_HOME", variables.get("HOME") + "/.cache");
    var cache = Path.of(variables.getOrDefault("CHOWDER_CACHE", caches + "/chowder"));
    var packages = new DebianPackages(root.resolve("scripts/lib"));
    return new EnvoyProgram(variables, cache, Optional.empty(), packages, System.err::println)
        .ensure();
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

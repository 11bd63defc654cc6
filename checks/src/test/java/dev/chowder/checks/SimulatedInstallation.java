package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.operate.state.Installation;
import dev.chowder.operate.state.SupervisedProcess;
import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * An installation of these sources with simulated sandboxes. Envoy and the nodes are real. It has a
 * temporary folder and ports of its own, so that other installations can run meanwhile. Closing it
 * removes it.
 */
final class SimulatedInstallation implements AutoCloseable {
  /** The distance of each port from the first one. The ports of other nodes are above these. */
  private static final Map<String, Integer> PORTS =
      Map.of(
          "CHOWDER_REST_PORT", 80,
          "CHOWDER_OPERATOR_REST_PORT", 81,
          "CHOWDER_GRPC_PORT", 90,
          "CHOWDER_OPERATOR_PORT", 91,
          "CHOWDER_DEMO_MODEL_PORT", 92,
          "CHOWDER_CLUSTER_MANAGEMENT_PORT", 93,
          "CHOWDER_CLUSTER_PORT", 94,
          "CHOWDER_MONITORING_PORT", 95,
          "CHOWDER_POSTGRES_PORT", 432);

  private static final Set<String> PROVIDER_KEYS =
      Set.of("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY");

  private static final String KEY_FILE = "organization.key";

  /** The first start may build the jars, install PostgreSQL and record the AOT cache. */
  private static final Duration START_LIMIT = Duration.ofMinutes(30);

  private static final Duration STOP_LIMIT = Duration.ofMinutes(1);
  private static final Duration CALL_LIMIT = Duration.ofMinutes(2);
  private static final int ERROR = 400;

  private final Project project;
  private final WorkFolder work;
  private final Path home;
  private final int firstPort;
  private final Map<String, String> settings = new TreeMap<>();
  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Thread end = Thread.ofPlatform().unstarted(this::remove);

  private SimulatedInstallation(Project project, WorkFolder work, int firstPort) {
    this.project = project;
    this.work = work;
    this.home = work.path().resolve("home");
    this.firstPort = firstPort;
    PORTS.keySet().forEach(name -> settings.put(name, Integer.toString(port(name))));
    settings.put("CHOWDER_HOME", home.toString());
    settings.put("CHOWDER_SANDBOX_ENGINE", "simulated");
    settings.put("CHOWDER_START_AT_BOOT", "no");
    // A pool member would be an agent that the check did not create.
    settings.put("CHOWDER_POOL_MAX_SIZE", "0");
  }

  /** Creates its temporary folder, and starts nothing yet. */
  static SimulatedInstallation create(Project project, int firstPort) {
    try {
      var work = WorkFolder.create("chowder-simulated");
      var installation = new SimulatedInstallation(project, work, firstPort);
      Runtime.getRuntime().addShutdownHook(installation.end);
      return installation;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  void set(String setting, String value) {
    settings.put(setting, value);
  }

  /** Starts it without an agent, or restarts the parts whose settings changed. */
  void start(String... options) {
    up(Stream.concat(Stream.of("--at-boot"), Stream.of(options)).toArray(String[]::new));
  }

  /** Runs {@code scripts/up}. */
  void up(String... options) {
    Install.run("run scripts/up", script("up", options));
  }

  /** Runs a command of operators. */
  void admin(String... words) {
    Install.run("run chowder admin", script("chowder", "admin").and(words));
  }

  private Program script(String name, String... arguments) {
    return Program.of(project.file("scripts").resolve(name).toString())
        .and(arguments)
        .without(settingsOfTheCaller())
        .with(settings)
        .within(START_LIMIT);
  }

  /**
   * Returns the caller's settings, which are those of another installation. The cache and the time
   * limits of the machine stay.
   */
  private static Set<String> settingsOfTheCaller() {
    return System.getenv().keySet().stream()
        .filter(
            name ->
                PROVIDER_KEYS.contains(name)
                    || (name.startsWith("CHOWDER_")
                        && !name.equals("CHOWDER_CACHE")
                        && !name.endsWith("_SECONDS")))
        .collect(Collectors.toSet());
  }

  /** Returns the folder for files of the check, which is removed with the installation. */
  Path folder() {
    return work.path();
  }

  /** Returns the URL of the REST API. */
  String url() {
    return "http://localhost:" + port("CHOWDER_REST_PORT");
  }

  private int port(String name) {
    return firstPort + Objects.requireNonNull(PORTS.get(name));
  }

  /** Returns the content of a file in the state directory. */
  String text(String file) {
    try {
      return Files.readString(home.resolve(file)).strip();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the key of the organization. */
  String key() {
    return text(KEY_FILE);
  }

  /** Returns the last lines of a log. */
  String endOfLog(String name) {
    var log = home.resolve("logs").resolve(name + ".log");
    return Program.of("tail", "-n", "20", log.toString()).attempt().output();
  }

  /** Calls the REST API with the key of the organization, and returns the body. */
  JsonNode call(String method, String path, String body) throws IOException, InterruptedException {
    var response = send(method, path, body);
    assertThat(response.statusCode())
        .as("%s %s: %s", method, path, response.body())
        .isLessThan(ERROR);
    return json.readTree(response.body());
  }

  /** Calls the REST API with the key of the organization, and returns any response. */
  HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create(url() + path))
            .timeout(CALL_LIMIT)
            .header("Authorization", "Bearer " + key())
            .header("Content-Type", "application/json")
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    return client.send(request.build(), BodyHandlers.ofString());
  }

  /** Returns the running nodes. */
  Set<ProcessHandle> nodes() {
    return IntStream.rangeClosed(1, Installation.MAX_NODES)
        .mapToObj(
            node ->
                new SupervisedProcess(home, Installation.nodeName(node), SupervisedProcess.NODE))
        .flatMap(node -> node.process().stream())
        .collect(Collectors.toSet());
  }

  /**
   * Returns the status of the health check of a node.
   *
   * @param node its number from 1
   */
  int health(int node) throws IOException, InterruptedException {
    int port = port("CHOWDER_MONITORING_PORT") + Installation.PORTS_APART * (node - 1);
    var request =
        HttpRequest.newBuilder(URI.create("http://localhost:%d/healthz".formatted(port)))
            .timeout(CALL_LIMIT)
            .build();
    return client.send(request, BodyHandlers.discarding()).statusCode();
  }

  /** Stops a node, and leaves Envoy running. */
  void stopNode(int node) {
    new Installation(home).stopNode(node, STOP_LIMIT);
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(end);
    remove();
  }

  private void remove() {
    try (work) {
      client.shutdownNow();
      Install.run("remove the installation", script("down", "--purge", "--keep-cache"));
    }
  }
}

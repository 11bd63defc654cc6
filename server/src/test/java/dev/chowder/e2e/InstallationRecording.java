package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.program.Program;
import dev.chowder.server.cluster.DatabaseServer;
import dev.chowder.server.crash.RecordedInstallation;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Records a whole installation of one version as a fixture; see {@code installations/README.md}. It
 * runs only if its name is given. A record has the ports of the recorded installation, which must
 * be free, and that of the services that its agents call.
 */
class InstallationRecording {
  /** The port of the simulated chat service and of the model provider that rejects every key. */
  private static final int SERVICES_PORT = 27093;

  private static final Duration LIMIT = Duration.ofMinutes(30);

  private static final Map<String, String> ENVIRONMENT = new LinkedHashMap<>();

  static {
    ENVIRONMENT.put("CHOWDER_CLUSTER_ID", "recorded");
    ENVIRONMENT.put("CHOWDER_REST_PORT", "27080");
    ENVIRONMENT.put("CHOWDER_GRPC_PORT", "27090");
    ENVIRONMENT.put("CHOWDER_OPERATOR_PORT", "27091");
    ENVIRONMENT.put("CHOWDER_OPERATOR_REST_PORT", "27081");
    ENVIRONMENT.put("CHOWDER_MONITORING_PORT", "27095");
    ENVIRONMENT.put("CHOWDER_DEMO_MODEL_PORT", "27092");
    ENVIRONMENT.put("CHOWDER_CHANNEL_LOCALHOST_PORTS", Integer.toString(SERVICES_PORT));
    ENVIRONMENT.put("CHOWDER_SANDBOX_SUBNET", "10.213.0.0/24");
  }

  /** A checkout of the version. */
  private final Path checkout = Path.of(required("CHOWDER_RECORDING_CHECKOUT"));

  /** The folder of the record, which must not exist. */
  private final Path folder = Path.of(required("CHOWDER_RECORDING_FOLDER"));

  private final RecordedInstallation record = new RecordedInstallation(folder);
  private final URI rest = URI.create("http://localhost:" + ENVIRONMENT.get("CHOWDER_REST_PORT"));
  @TempDir private Path home;

  @Test
  void record() throws Exception {
    for (var name : List.of("answers", "volumes", "containers")) {
      Files.createDirectories(folder.resolve(name));
    }
    try (var _ = RecordingServices.start(SERVICES_PORT)) {
      script("up");
      var keys = RecordedStory.tell(rest, home, SERVICES_PORT);
      rememberAnswers(keys);
      script("chowder", "admin", "backup", folder.resolve("backup.tar").toString());
      stopServer();
      recordDocker();
      recordHome();
      recordPostgres();
    } finally {
      script("down", "--purge", "--keep-cache");
    }
    var commit = Program.of("git", "rev-parse", "HEAD").in(checkout).run().output();
    Files.writeString(folder.resolve("commit"), commit);
    Files.writeString(
        folder.resolve("environment"),
        ENVIRONMENT.entrySet().stream()
            .map(setting -> setting.getKey() + "=" + setting.getValue() + "\n")
            .collect(Collectors.joining()));
  }

  /** Records the responses of this version for comparison, and keys and tokens separately. */
  private void rememberAnswers(Map<String, String> keys) throws IOException {
    var owner = new Caller(rest, key(keys, "organization"));
    var neighbor = new Caller(rest, key(keys, "neighbor"));
    for (var caller : List.of(owner, neighbor)) {
      Eventually.is("no change is being applied", Limits.STEP, () -> isSteady(caller));
    }
    remember("instances", owner, "/v1/instances?page_size=100");
    remember("neighbor-instances", neighbor, "/v1/instances?page_size=100");
    remember("organization", owner, "/v1/organization");
    remember("neighbor", neighbor, "/v1/organization");
    remember("keys", owner, "/v1/keys?page_size=100");
    remember("events", owner, "/v1/events?page_size=100");
    var sleeper = new Agent(owner, record.instance("sleeper"));
    remember("channel", owner, sleeper.path("/channels/telegram"));
    var all = Answer.JSON.createObjectNode();
    keys.forEach(all::put);
    var tokens = all.putObject("gateway_tokens");
    for (var name : List.of("hello", "sleeper")) {
      var agent = new Agent(owner, record.instance(name));
      tokens.put(agent.id(), agent.gatewayToken());
    }
    try (var packed = packed("keys.json.gz")) {
      packed.write(all.toString().getBytes(StandardCharsets.UTF_8));
    }
  }

  private static boolean isSteady(Caller caller) {
    for (var instance : caller.get("/v1/instances?page_size=100").json().path("instances")) {
      if (!instance.path("stage").asText().isEmpty()) return false;
    }
    return true;
  }

  private void remember(String name, Caller caller, String path) throws IOException {
    write(folder.resolve("answers").resolve(name + ".json"), caller.get(path).is(200).json());
  }

  /**
   * Stops Envoy and the nodes first, so that they observe no end of a container. The journal must
   * have a running agent.
   */
  private void stopServer() throws IOException {
    for (var name : List.of("envoy", "server")) {
      var supervisor = Long.parseLong(text("run/" + name + ".supervisor"));
      var process = ProcessHandle.of(supervisor).orElseThrow();
      assertThat(process.destroy()).isTrue();
      Eventually.is(name + " stopped", Limits.STEP, () -> !process.isAlive());
    }
  }

  /**
   * Records the engine's description of the containers, stops them, and records the home volumes
   * with their labels.
   */
  private void recordDocker() throws IOException {
    var cluster = ENVIRONMENT.get("CHOWDER_CLUSTER_ID");
    var filter = "label=dev.chowder.cluster=" + cluster;
    var network = parsed(Docker.docker("network", "inspect", "chowder-" + cluster).out()).get(0);
    var described = Answer.JSON.createObjectNode();
    for (var field : List.of("Name", "Driver", "EnableIPv6", "Options", "Labels")) {
      described.set(field, network.path(field));
    }
    described.putObject("IPAM").set("Config", network.at("/IPAM/Config"));
    write(folder.resolve("network.json"), described);
    var containers = Docker.docker("ps", "-a", "--filter", filter, "--format", "{{.Names}}").out();
    for (var name : containers.lines().toList()) {
      var inspected = Docker.inspect(name);
      var container = Answer.JSON.createObjectNode();
      container.set("State", inspected.at("/State/Status"));
      container.set("Config", inspected.path("Config"));
      container.set("HostConfig", inspected.path("HostConfig"));
      write(folder.resolve("containers").resolve(name + ".json"), container);
    }
    var _ =
        Program.of("sh", "-c", "docker ps -q --filter \"$1\" | xargs -r docker stop -t 60")
            .and("sh", filter)
            .within(Limits.STEP)
            .run();
    for (var name :
        Docker.docker("volume", "ls", "-q", "--filter", filter).out().lines().toList()) {
      var volume = parsed(Docker.docker("volume", "inspect", name).out()).get(0);
      var labels = Answer.JSON.createObjectNode();
      for (var field : List.of("Name", "Driver", "Labels")) labels.set(field, volume.path(field));
      write(folder.resolve("volumes").resolve(name + ".json"), labels);
      // OpenClaw unpacks its cache from its package at the next start.
      pack(
          "volumes/" + name + ".tar.gz",
          Path.of(volume.path("Mountpoint").asText()),
          "--exclude=./.openclaw/cache");
    }
  }

  /** Records the state directory without logs, process ids and the database. */
  private void recordHome() throws IOException {
    pack(
        "home.tar.gz",
        home,
        "--exclude=./run",
        "--exclude=./logs",
        "--exclude=./data",
        "--exclude=./up.lock",
        "--exclude=./backups");
    try (var packed = packed("chowder.mv.db.gz")) {
      Files.copy(home.resolve("data").resolve("chowder.mv.db"), packed);
    }
  }

  /** Moves the rows to PostgreSQL with the recorded version, and records them as SQL. */
  private void recordPostgres() throws Exception {
    var server = DatabaseServer.shared();
    var database = "recorded_" + UUID.randomUUID().toString().replace("-", "");
    server.administer("CREATE DATABASE " + database);
    try {
      var moved =
          program("chowder", "admin", "move-to-postgresql", server.url() + "/" + database)
              .with("CHOWDER_STORAGE_USER", server.user())
              .with("CHOWDER_STORAGE_PASSWORD", server.password());
      var _ = moved.run();
      var uri = URI.create(server.url().replaceFirst("^jdbc:", ""));
      var dumped =
          Program.of(
                  "sh", "-c", "exec $(ls -d /usr/lib/postgresql/*/bin | tail -n 1)/pg_dump \"$@\"")
              .and("sh", "--inserts", "--no-owner", "--no-privileges", "-h", uri.getHost())
              .and("-p", Integer.toString(uri.getPort()), "-U", server.user(), "-d", database)
              .with("PGPASSWORD", server.password())
              .within(Limits.STEP)
              .run();
      try (var packed = packed("postgresql.sql.gz")) {
        // Commands of psql, which other clients do not know.
        for (var line : dumped.output().lines().toList()) {
          if (!line.startsWith("\\restrict ") && !line.startsWith("\\unrestrict ")) {
            packed.write((line + "\n").getBytes(StandardCharsets.UTF_8));
          }
        }
      }
    } finally {
      server.administer("DROP DATABASE " + database + " WITH (FORCE)");
    }
  }

  /** Packs the files of a folder in a stable order. */
  private void pack(String archive, Path source, String... options) {
    var _ =
        Program.of("tar", "-C", source.toString(), "--sort=name", "--numeric-owner")
            .and(options)
            .and("-czf", folder.resolve(archive).toString(), ".")
            .within(Limits.STEP)
            .run();
  }

  private static String key(Map<String, String> keys, String name) {
    return Objects.requireNonNull(keys.get(name));
  }

  private OutputStream packed(String name) throws IOException {
    return new GZIPOutputStream(Files.newOutputStream(folder.resolve(name)));
  }

  private void script(String name, String... arguments) {
    var _ = program(name, arguments).run();
  }

  /** Returns a script of the recorded version. */
  private Program program(String script, String... arguments) {
    return Program.of(checkout.resolve("scripts").resolve(script).toString())
        .and(arguments)
        .in(checkout)
        .with(ENVIRONMENT)
        .with("CHOWDER_HOME", home.toString())
        // A small interval, because the record must contain a snapshot.
        .with(
            "CHOWDER_JAVA_OPTS",
            "-Xmx512m -XX:+ExitOnOutOfMemoryError"
                + " -Dchowder.organization.max-events-after-snapshot=10")
        .within(LIMIT);
  }

  private static JsonNode parsed(String json) {
    try {
      return Answer.JSON.readTree(json);
    } catch (IOException why) {
      throw new AssertionError(json, why);
    }
  }

  private static void write(Path file, JsonNode json) throws IOException {
    Files.writeString(file, json.toPrettyString() + "\n");
  }

  private String text(String file) throws IOException {
    return Files.readString(home.resolve(file)).strip();
  }

  private static String required(String variable) {
    var value = System.getenv().getOrDefault(variable, "");
    assertThat(value).as(variable).isNotEmpty();
    return value;
  }
}

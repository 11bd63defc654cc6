package dev.chowder.server.crash;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * An installation that an earlier version created, as files; see {@code installations/README.md}.
 * Starts nothing.
 */
public record RecordedInstallation(Path folder) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The reference of a sandbox in a row of the PostgreSQL dump, which has bytes as hex digits. */
  private static final Pattern REFERENCE =
      Pattern.compile(
          "%s((?:[0-9a-f]{2})+?)%s((?:[0-9a-f]{2})+?)%s"
              .formatted(hex("\"engine\":\""), hex("\",\"host\":\""), hex("\"")));

  /** Returns the record of the first version, from which each later one can be upgraded. */
  public static RecordedInstallation first() {
    return all().getFirst();
  }

  /** Returns the records of all versions, the oldest first. */
  public static List<RecordedInstallation> all() {
    return List.of(of("0.1.0"));
  }

  private static RecordedInstallation of(String version) {
    return new RecordedInstallation(
        // Tests of other modules use it, too.
        Path.of("../server/src/test/resources/installations", version)
            .toAbsolutePath()
            .normalize());
  }

  /** Returns its version. */
  @Override
  public String toString() {
    return String.valueOf(folder.getFileName());
  }

  /** Returns the settings of the recorded version. */
  public Map<String, String> environment() {
    try {
      var settings = new TreeMap<String, String>();
      for (String line : Files.readAllLines(folder.resolve("environment"))) {
        var parts = line.split("=", 2);
        settings.put(parts[0], parts[1]);
      }
      return settings;
    } catch (IOException why) {
      throw new AssertionError(why);
    }
  }

  /**
   * Returns a recorded response.
   *
   * @param name name of a file in {@code answers}, without its extension
   */
  public JsonNode answer(String name) {
    try {
      return JSON.readTree(folder.resolve("answers").resolve(name + ".json").toFile());
    } catch (IOException why) {
      throw new AssertionError(why);
    }
  }

  /** Returns the id of an instance by its name. */
  public String instance(String name) {
    for (var list : new String[] {"instances", "neighbor-instances"}) {
      for (var instance : answer(list).path("instances")) {
        if (instance.path("name").asText().equals(name)) return instance.path("id").asText();
      }
    }
    throw new AssertionError("no instance in the record: " + name);
  }

  /**
   * Returns a caller's key.
   *
   * @param name {@code organization}, {@code neighbor}, or the name of a scoped key
   */
  public String key(String name) {
    return keys().path(name).asText();
  }

  /** Returns the token of an instance's gateway. */
  public String gatewayToken(String instance) {
    return keys().path("gateway_tokens").path(instance(instance)).asText();
  }

  private JsonNode keys() {
    try (var in = unpacked("keys.json.gz")) {
      return JSON.readTree(in);
    } catch (IOException why) {
      throw new AssertionError(why);
    }
  }

  public Path backup() {
    return folder.resolve("backup.tar");
  }

  /** Copies its home into a folder, without the database. */
  public void placeHome(Path home) throws IOException {
    Files.createDirectories(home);
    unpack(folder.resolve("home.tar.gz"), home);
  }

  /** Copies its H2 file into a home. */
  public void placeH2(Path home) throws IOException {
    var data = Files.createDirectories(home.resolve("data"));
    try (var in = unpacked("chowder.mv.db.gz")) {
      Files.copy(in, data.resolve("chowder.mv.db"));
    }
  }

  /** Copies its rows into an empty PostgreSQL database. */
  public void placePostgres(Connection empty) throws SQLException, IOException {
    try (var in = unpacked("postgresql.sql.gz");
        var statement = empty.createStatement()) {
      statement.execute(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /**
   * Creates the home volumes and processes of its instances on a simulated host, which stands for
   * the recorded one. A container that ran in the recording runs there.
   */
  public void placeOnSimulator(Path sandboxes) throws IOException {
    Files.createDirectories(sandboxes);
    Files.write(sandboxes.resolve("identity"), identity());
    try (var volumes = Files.list(folder.resolve("volumes"))) {
      for (Path volume : volumes.filter(file -> file.toString().endsWith(".json")).toList()) {
        var name = volume.getFileName().toString().replace(".json", "");
        var sandbox = sandboxes.resolve(name);
        unpack(
            volume.resolveSibling(name + ".tar.gz"),
            Files.createDirectories(sandbox.resolve("home")));
        var labels = JSON.readTree(volume.toFile()).path("Labels");
        Files.writeString(
            sandbox.resolve("generation"), labels.path("dev.chowder.generation").asText());
      }
    }
    try (var containers = Files.list(folder.resolve("containers"))) {
      for (Path container : containers.toList()) {
        var recorded = JSON.readTree(container.toFile());
        if (recorded.path("State").asText().equals("running")) placeProcess(sandboxes, recorded);
      }
    }
  }

  /** Returns the engine and the host that its sandboxes name. */
  private List<String> identity() throws IOException {
    try (var in = unpacked("postgresql.sql.gz")) {
      var reference = REFERENCE.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      if (!reference.find()) throw new AssertionError(folder + ": no reference of a sandbox");
      return Stream.of(reference.group(1), reference.group(2))
          .map(RecordedInstallation::text)
          .toList();
    }
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(String hex) {
    return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
  }

  private static void placeProcess(Path sandboxes, JsonNode container) throws IOException {
    var labels = container.path("Config").path("Labels");
    var process =
        JSON.createObjectNode()
            .put("attempt", labels.path("dev.chowder.attempt").asInt())
            .put("organizationId", labels.path("dev.chowder.organization").asText())
            .put("spec", labels.path("dev.chowder.spec").asText())
            .put("host", "127.64.100.1")
            .putNull("exitCode")
            .put("outOfMemory", false)
            .put("paused", false);
    process.putArray("command").add("gateway");
    var sandbox = sandboxes.resolve("sb-" + labels.path("dev.chowder.instance").asText());
    JSON.writeValue(sandbox.resolve("process.json").toFile(), process);
  }

  private InputStream unpacked(String file) throws IOException {
    return new GZIPInputStream(Files.newInputStream(folder.resolve(file)));
  }

  private static void unpack(Path archive, Path into) throws IOException {
    var tar =
        new ProcessBuilder(
                "tar", "--no-same-owner", "-C", into.toString(), "-xzf", archive.toString())
            .inheritIO()
            .start();
    try {
      if (tar.waitFor() != 0) throw new IOException(archive + ": cannot be unpacked");
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }
}

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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * An installation that an earlier version created, as files; see {@code installations/README.md}.
 * Starts nothing.
 */
public record RecordedInstallation(Path folder) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Returns the record of commit 665faa7, which is older than the first version. */
  public static RecordedInstallation of665faa7() {
    return of("665faa7");
  }

  /** Returns the records of all versions, the oldest first. */
  public static List<RecordedInstallation> all() {
    return List.of(of665faa7(), of("0.1.0"));
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
   * Creates the home volumes and processes of its instances on a simulated host. A container that
   * ran in the recording runs there.
   */
  public void placeOnSimulator(Path sandboxes) throws IOException {
    try (var volumes = Files.list(folder.resolve("volumes"))) {
      for (Path volume : volumes.filter(file -> file.toString().endsWith(".tar.gz")).toList()) {
        var sandbox = volume.getFileName().toString().replace(".tar.gz", "");
        unpack(volume, Files.createDirectories(sandboxes.resolve(sandbox).resolve("home")));
      }
    }
    try (var containers = Files.list(folder.resolve("containers"))) {
      for (Path container : containers.toList()) {
        var recorded = JSON.readTree(container.toFile());
        if (recorded.path("State").asText().equals("running")) placeProcess(sandboxes, recorded);
      }
    }
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

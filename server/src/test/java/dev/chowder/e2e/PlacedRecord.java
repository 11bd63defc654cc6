package dev.chowder.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.program.Program;
import dev.chowder.server.crash.RecordedInstallation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Restores a recorded installation into an empty state directory and into Docker, as the start of
 * an upgrade. Needs root, because home volumes belong to the user of the sandboxes.
 */
record PlacedRecord(RecordedInstallation recorded) {
  /** Restores it. First removes the remains of an earlier run. */
  void place(Path home) throws IOException {
    removeRemains();
    recorded.placeHome(home);
    recorded.placeH2(home);
    placeImage();
    post("/networks/create", json(recorded.folder().resolve("network.json")));
    for (var volume : files("volumes", ".json")) placeVolume(volume);
    for (var container : files("containers", ".json")) placeContainer(container);
  }

  private void removeRemains() {
    var label = "label=dev.chowder.cluster=" + recorded.environment().get("CHOWDER_CLUSTER_ID");
    for (var command :
        List.of(
            "docker ps -aq --filter \"$1\" | xargs -r docker rm -f -v",
            "docker volume ls -q --filter \"$1\" | xargs -r docker volume rm -f",
            "docker network ls -q --filter \"$1\" | xargs -r docker network rm")) {
      var _ = Program.of("sh", "-c", command, "sh", label).within(Limits.STEP).run();
    }
  }

  /**
   * Provides the image of the recorded agents, which an upgraded installation has. If the recipe
   * has changed, the present image gets that name.
   */
  private void placeImage() throws IOException {
    var images = new TreeSet<String>();
    for (var volume : files("volumes", ".json")) {
      images.add(json(volume).at("/Labels/dev.chowder.snapshot").asText());
    }
    for (var image : images) {
      if (Program.of("docker", "image", "inspect", image).succeeds()) continue;
      var present = Program.of("../image/build").within(Limits.PROVISIONING).run().text();
      Docker.docker("tag", present, image);
    }
  }

  private static void placeVolume(Path description) throws IOException {
    post("/volumes/create", json(description));
    var name = name(description);
    var folder = Docker.docker("volume", "inspect", "--format", "{{.Mountpoint}}", name).out();
    var archive = description.resolveSibling(name + ".tar.gz").toString();
    var _ =
        Program.of("tar", "-C", folder.strip(), "--numeric-owner", "-xpzf", archive)
            .within(Limits.STEP)
            .run();
  }

  /**
   * Creates a container, and starts it if it was running. One that was frozen stays stopped, as
   * after a reboot of its host.
   */
  private static void placeContainer(Path description) throws IOException {
    var container = json(description);
    var request = (ObjectNode) container.path("Config").deepCopy();
    request.set("HostConfig", container.path("HostConfig"));
    post("/containers/create?name=" + name(description), request);
    if (container.path("State").asText().equals("running")) {
      var _ = Docker.docker("start", name(description));
    }
  }

  /** Calls the API of the engine, because the command line has no options for all fields. */
  private static void post(String path, JsonNode body) {
    var host = System.getenv().getOrDefault("DOCKER_HOST", "unix:///var/run/docker.sock");
    var _ =
        Program.of("curl", "-sS", "--fail-with-body", "--max-time", "60", "--unix-socket")
            .and(host.replaceFirst("^unix://", ""), "-H", "Content-Type: application/json")
            .and("--data-binary", "@-", "http://docker" + path)
            .input(body.toString())
            .run();
  }

  private List<Path> files(String folder, String end) throws IOException {
    try (Stream<Path> all = Files.list(recorded.folder().resolve(folder))) {
      return all.filter(file -> file.toString().endsWith(end)).sorted().toList();
    }
  }

  private static JsonNode json(Path file) throws IOException {
    return Answer.JSON.readTree(file.toFile());
  }

  private static String name(Path description) {
    return String.valueOf(description.getFileName()).replace(".json", "");
  }
}

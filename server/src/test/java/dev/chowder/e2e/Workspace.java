package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.base.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads an agent's files from its container, whether it runs or not, and imports files. */
final class Workspace {
  static final String HOME = "/home/node";
  static final String PATH = HOME + "/.openclaw/workspace";

  private Workspace() {}

  /** Returns a line with SHA-256 and path for each file of the workspace. */
  static String checksums(Agent agent) {
    return files(agent, PATH).entrySet().stream()
        .filter(file -> !file.getKey().startsWith(".git/"))
        .map(file -> Sha256.hex(file.getValue()) + "  " + file.getKey())
        .collect(Collectors.joining("\n"));
  }

  /** Returns every regular file under a folder of the container, by its path there. */
  static Map<String, byte[]> files(Agent agent, String folder) {
    try {
      Path copy = Files.createTempDirectory("files");
      try {
        Docker.copyOut(agent.container(), folder + "/.", copy);
        return read(copy);
      } finally {
        Command.run(Limits.QUICK, List.of("rm", "-rf", copy.toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] file(Agent agent, String path) {
    try {
      Path copy = Files.createTempFile("file", null);
      try {
        Docker.copyOut(agent.container(), path, copy);
        return Files.readAllBytes(copy);
      } finally {
        Files.delete(copy);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns OpenClaw's own configuration. */
  static JsonNode config(Agent agent) {
    try {
      return Answer.JSON.readTree(file(agent, HOME + "/.openclaw/openclaw.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the export of the workspace, a tar archive. */
  static byte[] tar(Agent agent) throws Exception {
    var request = agent.caller().request(agent.path("/files/export")).GET().build();
    var answer = Caller.HTTP.send(request, BodyHandlers.ofByteArray());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type")).hasValue("application/x-tar");
    return answer.body();
  }

  static void importTar(Agent agent, byte[] tar) {
    var request =
        agent
            .caller()
            .request(agent.path("/files/import"))
            .header("Content-Type", "application/x-tar")
            .POST(BodyPublishers.ofByteArray(tar));
    assertThat(Caller.finish(request).is(200).json().path("file_count").asInt()).isPositive();
  }

  private static Map<String, byte[]> read(Path root) throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }
}

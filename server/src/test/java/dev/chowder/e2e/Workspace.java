package dev.chowder.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Copies an agent's files out of its container, whether it runs or not. */
final class Workspace {
  static final String HOME = "/home/node";
  static final String PATH = HOME + "/.openclaw/workspace";

  private Workspace() {}

  /** Returns a line with SHA-256 and path for each file of the workspace. */
  static String checksums(Agent agent) {
    return files(agent, PATH).entrySet().stream()
        .filter(file -> !file.getKey().startsWith(".git/"))
        .map(file -> sha256(file.getValue()) + "  " + file.getKey())
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

  private static Map<String, byte[]> read(Path root) throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}

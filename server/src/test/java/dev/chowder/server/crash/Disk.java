package dev.chowder.server.crash;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.SandboxDriver.Ending;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Where played sandboxes lie: what is really there, whatever the server says. */
record Disk(Path root) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MARK = "mark-of-the-agent";

  /** The played host's own: who was last at an address. */
  private static final String INDEX = ".addresses";

  /** Everything that is there, half-removed sandboxes too. */
  Set<String> entries() throws IOException {
    try (var found = Files.list(root)) {
      return found
          .filter(Files::isDirectory)
          .map(path -> String.valueOf(path.getFileName()))
          .filter(name -> !name.equals(INDEX))
          .collect(Collectors.toSet());
    }
  }

  /** Whether this sandbox's one main process runs. */
  boolean runs(String sandbox) throws IOException {
    try {
      var process = JSON.readTree(Files.readAllBytes(process(sandbox)));
      return process.path("exitCode").isNull();
    } catch (NoSuchFileException never) {
      return false;
    }
  }

  /** Leaves something in the home that nothing but a deletion may take away. */
  void mark(String sandbox) throws IOException {
    Files.writeString(home(sandbox).resolve(MARK), sandbox);
  }

  boolean isMarked(String sandbox) {
    return Files.exists(home(sandbox).resolve(MARK));
  }

  String token(String sandbox) throws IOException {
    return Files.readString(home(sandbox).resolve(OpenClawHome.GATEWAY_TOKEN));
  }

  String config(String sandbox) throws IOException {
    return Files.readString(home(sandbox).resolve(OpenClawHome.CONFIG));
  }

  void lose(String sandbox) throws IOException {
    try (var paths = Files.walk(root.resolve(sandbox))) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }

  void bringBack(String sandbox) throws IOException {
    Files.createDirectories(home(sandbox));
  }

  /** As an engine that gave another port after its own restart. */
  void move(String sandbox) throws IOException {
    change(sandbox, process -> process.put("host", "127.64.200.200"));
  }

  /** Ends the gateway as the restart of an engine does. */
  void endWithEngine(String sandbox) throws IOException {
    change(
        sandbox,
        process -> {
          process.put("exitCode", 0);
          process.put("ending", Ending.WITH_ENGINE.name());
        });
  }

  /** Gives the gateway an attempt that the journal does not know. */
  void startLater(String sandbox) throws IOException {
    change(sandbox, process -> process.put("attempt", process.path("attempt").asInt() + 1));
  }

  private void change(String sandbox, Consumer<ObjectNode> change) throws IOException {
    var process = (ObjectNode) JSON.readTree(Files.readAllBytes(process(sandbox)));
    change.accept(process);
    Files.write(process(sandbox), JSON.writeValueAsBytes(process));
  }

  private Path process(String sandbox) {
    return root.resolve(sandbox).resolve("process.json");
  }

  Path home(String sandbox) {
    return root.resolve(sandbox).resolve("home");
  }
}

package dev.chowder.server.crash;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.FileTree;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Ending;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The folder with the simulated sandboxes: the real state, independent of the server. */
public record Disk(Path root) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MARK = "mark-of-the-agent";

  /** The simulated host's index of the last sandbox at each address. */
  private static final String INDEX = ".addresses";

  /** Returns every entry, including partly removed sandboxes. */
  public Set<String> entries() throws IOException {
    try (var found = Files.list(root)) {
      return found
          .filter(Files::isDirectory)
          .map(path -> String.valueOf(path.getFileName()))
          .filter(name -> !name.equals(INDEX))
          .collect(Collectors.toSet());
    }
  }

  /** Returns whether the sandbox's main process runs and is not frozen. */
  boolean runs(String sandbox) throws IOException {
    try {
      var process = JSON.readTree(Files.readAllBytes(process(sandbox)));
      return process.path("exitCode").isNull() && !process.path("paused").asBoolean();
    } catch (NoSuchFileException never) {
      return false;
    }
  }

  /** Leaves a file in the home volume that only a deletion may remove. */
  void mark(String sandbox) throws IOException {
    Files.writeString(home(sandbox).resolve(MARK), sandbox);
  }

  boolean isMarked(String sandbox) {
    return Files.exists(home(sandbox).resolve(MARK));
  }

  String token(String sandbox) throws IOException {
    return Files.readString(home(sandbox).resolve(OpenClawHome.GATEWAY_TOKEN));
  }

  public String config(String sandbox) throws IOException {
    return Files.readString(home(sandbox).resolve(OpenClawHome.CONFIG));
  }

  void lose(String sandbox) throws IOException {
    FileTree.remove(root.resolve(sandbox));
  }

  void restoreHome(String sandbox) throws IOException {
    Files.createDirectories(home(sandbox));
  }

  /** Changes the gateway's port, as an engine does after a restart. */
  void move(String sandbox) throws IOException {
    change(sandbox, process -> process.put("host", "127.64.200.200"));
  }

  /** Stops the gateway as an engine restart does. */
  void endWithEngine(String sandbox) throws IOException {
    change(
        sandbox,
        process -> {
          process.put("exitCode", 0);
          process.put("ending", Ending.WITH_ENGINE.name());
        });
  }

  /** Gives the gateway an attempt that is not in the journal. */
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

  public Path home(String sandbox) {
    return root.resolve(sandbox).resolve("home");
  }
}

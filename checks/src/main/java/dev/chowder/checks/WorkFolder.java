package dev.chowder.checks;

import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A temporary folder, in which programs of root may write.
 *
 * @param path the folder
 */
public record WorkFolder(Path path) implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  public static WorkFolder create(String name) throws IOException {
    return new WorkFolder(Files.createTempDirectory(name + "."));
  }

  /** Removes it with all its files. */
  @Override
  public void close() {
    var remove = Program.of("rm", "-rf", path.toString()).within(LIMIT);
    var _ = Root.find().map(root -> root.run(remove)).orElse(remove).run();
  }
}

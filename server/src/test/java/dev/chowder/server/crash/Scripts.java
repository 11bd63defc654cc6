package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs operator scripts on a home without other settings. */
final class Scripts {
  /** Long enough for the first script, which may have to build first. */
  private static final long LIMIT_MINUTES = 10;

  private Scripts() {}

  record Result(int exit, String said) {}

  static Result run(Path home, String name, String... arguments) throws IOException {
    var words = new ArrayList<String>();
    words.add(Path.of("..", "scripts", name).toString());
    words.addAll(List.of(arguments));
    Path said = Files.createTempFile(name, ".log");
    try {
      var builder =
          new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(said.toFile());
      var kept = List.of("CHOWDER_CACHE", "CHOWDER_JAVA_OPTS");
      builder
          .environment()
          .keySet()
          .removeIf(variable -> variable.startsWith("CHOWDER_") && !kept.contains(variable));
      builder.environment().put("CHOWDER_HOME", home.toString());
      var process = builder.start();
      if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError(words + ": not done within " + LIMIT_MINUTES + " minutes");
      }
      return new Result(process.exitValue(), Files.readString(said));
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    } finally {
      Files.delete(said);
    }
  }
}

package dev.chowder.testprogram;

import dev.chowder.postgres.PostgresCluster;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.ProgramException;
import java.nio.file.Path;
import java.util.List;

/**
 * Starts and stops the PostgreSQL of a test run, in which each test creates its database, for
 * {@code scripts/test}. Needs no jar at run time, because it runs before the jars exist.
 */
public final class TestPostgres {
  private static final String USAGE = "usage: TestPostgres start FOLDER PORT | stop FOLDER";

  /** fsync is off for speed, because the data need not survive a power failure. */
  private static final List<String> SETTINGS = List.of("fsync=off", "max_connections=300");

  private TestPostgres() {}

  /** Runs {@code start FOLDER PORT} or {@code stop FOLDER}. */
  public static void main(String[] arguments) {
    try {
      run(List.of(arguments));
    } catch (ProgramException failed) {
      System.err.println("chowder: " + failed.getMessage() + ".");
      System.exit(1);
    }
  }

  private static void run(List<String> words) {
    var command = words.isEmpty() ? "" : words.getFirst();
    if (command.equals("start") && words.size() == 3) {
      cluster(words.get(1)).start(Integer.parseInt(words.get(2)), SETTINGS);
    } else if (command.equals("stop") && words.size() == 2) {
      cluster(words.get(1)).delete();
    } else {
      throw new ProgramException(USAGE, null);
    }
  }

  private static PostgresCluster cluster(String folder) {
    return PostgresCluster.of(programs(), Path.of(folder), System.getenv());
  }

  private static PostgresPrograms programs() {
    return PostgresPrograms.ensure(SourceTree.here().packages(), System.err::println);
  }
}

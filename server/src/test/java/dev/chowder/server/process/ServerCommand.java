package dev.chowder.server.process;

import dev.chowder.server.Main;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Builds the command line of a server. With {@code CHOWDER_TEST_APP}, which {@code scripts/test}
 * sets, it is that of {@code scripts/up}: the built jars and the AOT cache of a training run, with
 * which a server starts in half the time (docs/adr/0015). Otherwise it runs the classes under test,
 * which is slower.
 */
public final class ServerCommand {
  private static final String BUILT = "CHOWDER_TEST_APP";

  /** The simulator, in its module or as an installed jar. */
  private static final Pattern SIMULATOR =
      Pattern.compile("/simulator/target/|/chowder-simulator[^/]*[.]jar$");

  private ServerCommand() {}

  /**
   * Returns the complete command line.
   *
   * @param properties options of the JVM, such as {@code -Dchowder.effect.min-retry-delay=20ms}
   */
  public static List<String> of(List<String> properties) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A process runs for seconds, so only its start time counts.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"));
    // The cache's profiles are for the other compiler. Reading them takes a tenth of a start.
    command.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTReplayTraining"));
    // The JVM rejects the cache without an option of its training run.
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(properties);
    var built = System.getenv(BUILT);
    if (built == null || built.isEmpty()) {
      command.addAll(List.of("-cp", classesUnderTest()));
    } else {
      var server = Path.of(built, "server");
      record(server).forEach(file -> command.add("-XX:AOTCache=" + file));
      command.addAll(List.of("-cp", server + "/chowder-server.jar"));
    }
    command.add(Main.class.getName());
    return command;
  }

  /**
   * Returns the AOT cache of H2, which {@code scripts/test} records; none if the training run
   * failed, since its file is then empty.
   */
  private static List<Path> record(Path server) {
    try (Stream<Path> files = Files.list(server)) {
      return files
          .filter(file -> file.toString().endsWith(".aot") && file.toFile().length() > 0)
          .filter(file -> !file.toString().endsWith("-postgresql.aot"))
          .toList();
    } catch (IOException why) {
      throw new UncheckedIOException(BUILT + ": must be a built server; got " + server, why);
    }
  }

  /** Returns the class path without test classes and without the simulator, as it is shipped. */
  private static String classesUnderTest() {
    var entries = Objects.requireNonNull(System.getProperty("java.class.path"));
    return Arrays.stream(entries.split(File.pathSeparator, -1))
        // Surefire's class path ends with an empty entry, which the JVM reads as the current
        // directory.
        .filter(entry -> !entry.isEmpty())
        // A jar of tests has a logback-test.xml, which would hide the server's log.
        .filter(entry -> !entry.contains("test-classes") && !entry.endsWith("-tests.jar"))
        .filter(entry -> !SIMULATOR.matcher(entry).find())
        .collect(Collectors.joining(File.pathSeparator));
  }
}

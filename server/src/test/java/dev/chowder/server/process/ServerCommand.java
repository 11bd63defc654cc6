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
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command line of a server. With {@code CHOWDER_TEST_APP}, which scripts/test sets, it is what
 * scripts/up starts: the built jars and the record of a rehearsal, with which a server starts in
 * half the time (docs/adr/0015). Without, it is the classes under test, and everything takes
 * longer.
 */
public final class ServerCommand {
  private static final String BUILT = "CHOWDER_TEST_APP";

  private ServerCommand() {}

  /**
   * The whole of it.
   *
   * @param properties for the JVM, such as {@code -Dchowder.effect.retry-min=20ms}
   * @param arguments for the server
   */
  public static List<String> of(List<String> properties, List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A process lives for seconds: what makes it start soon is what counts.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"));
    // The record's profiles are for the other compiler; a tenth of a start goes by reading them.
    command.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTReplayTraining"));
    command.addAll(properties);
    var built = System.getenv(BUILT);
    if (built == null || built.isEmpty()) {
      command.addAll(List.of("-cp", classesUnderTest()));
    } else {
      var server = Path.of(built, "server");
      record(server).forEach(file -> command.add("-XX:AOTCache=" + file));
      command.addAll(List.of("-cp", server + "/chowder-server.jar:" + server + "/lib/*"));
    }
    command.add(Main.class.getName());
    command.addAll(arguments);
    return command;
  }

  /** None, when the rehearsal did not end well: that file is empty. */
  private static List<Path> record(Path server) {
    try (Stream<Path> files = Files.list(server)) {
      return files
          .filter(file -> file.toString().endsWith(".aot") && file.toFile().length() > 0)
          .toList();
    } catch (IOException why) {
      throw new UncheckedIOException(BUILT + ": " + server + " (expected: a built server)", why);
    }
  }

  /** Without the tests' own classes: what runs is what is shipped. */
  private static String classesUnderTest() {
    var entries = Objects.requireNonNull(System.getProperty("java.class.path"));
    return Arrays.stream(entries.split(File.pathSeparator, -1))
        // Surefire's class path ends in an empty entry, a directory to the JVM.
        .filter(entry -> !entry.isEmpty() && !entry.contains("test-classes"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}

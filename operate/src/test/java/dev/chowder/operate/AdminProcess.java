package dev.chowder.operate;

import dev.chowder.operate.site.Layout;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Runs the command line of operators in a process of its own, as {@code scripts/chowder} does. */
public final class AdminProcess {
  private static final long LIMIT_MINUTES = 3;

  private AdminProcess() {}

  /**
   * A command that has ended.
   *
   * @param said its standard output and standard error
   */
  public record Result(int exit, String said) {}

  /**
   * Runs a command on a home.
   *
   * @param environment its only variables that begin with {@code CHOWDER_}, besides the home
   */
  public static Result run(Path home, Map<String, String> environment, String... arguments)
      throws IOException {
    var process = start(home, environment, arguments);
    process.getOutputStream().close();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
        return new Result(process.exitValue(), said);
      }
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
    process.destroyForcibly();
    throw new AssertionError("not done within " + LIMIT_MINUTES + " minutes: " + said);
  }

  /** Starts a command without waiting for it. */
  public static Process start(Path home, Map<String, String> environment, String... arguments)
      throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-D%s=%s".formatted(Layout.ROOT, Path.of("..").toAbsolutePath().normalize()));
    command.add("-D%s=%s".formatted(Layout.APP, home.resolve("no-app")));
    command.addAll(List.of("-cp", classesUnderTest(), Main.class.getName(), "admin"));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", home.toString());
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** Returns the class path without test classes, as it is shipped. */
  private static String classesUnderTest() {
    var entries = Objects.requireNonNull(System.getProperty("java.class.path"));
    return Arrays.stream(entries.split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty())
        .filter(entry -> !entry.contains("test-classes") && !entry.endsWith("-tests.jar"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}

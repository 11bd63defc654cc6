package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a program with a time limit and keeps its output. */
final class Command {
  private Command() {}

  record Result(int exit, String out, String err) {}

  /** Fails unless the exit code is 0. */
  static Result run(Duration limit, List<String> program, String... arguments) {
    var words = new ArrayList<>(program);
    words.addAll(Arrays.asList(arguments));
    return run(limit, words, Map.of());
  }

  static Result run(Duration limit, List<String> words, Map<String, String> environment) {
    Result result = attempt(limit, words, environment);
    assertThat(result.exit()).as("exit of %s: %s", words, result).isZero();
    return result;
  }

  static Result attempt(Duration limit, List<String> words, Map<String, String> environment) {
    try {
      Path out = Files.createTempFile("command", ".out");
      Path err = Files.createTempFile("command", ".err");
      var builder =
          new ProcessBuilder(words).redirectOutput(out.toFile()).redirectError(err.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      try {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new AssertionError(words + ": not done within " + limit);
        }
        return new Result(process.exitValue(), text(out), text(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Does not use {@code readString}: a log may end in the middle of a character. */
  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}

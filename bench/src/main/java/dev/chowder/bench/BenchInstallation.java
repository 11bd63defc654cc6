package dev.chowder.bench;

import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The installation of a bench, with a state directory and ports of its own. It is removed at the
 * end of the run.
 */
final class BenchInstallation {
  /**
   * The ports by the parts of their variables' names. They are below the range of ephemeral ports,
   * of which a load uses thousands for its connections.
   */
  private static final Map<String, String> PORTS =
      Map.of(
          "REST_PORT", "18080",
          "OPERATOR_REST_PORT", "18081",
          "GRPC_PORT", "19090",
          "OPERATOR_PORT", "19091",
          "DEMO_MODEL_PORT", "19092",
          "MONITORING_PORT", "19095");

  /** Only tables go to standard output. */
  private static final List<String> TO_ERRORS = List.of("sh", "-c", "exec \"$0\" \"$@\" >&2");

  private final BenchRun run;
  private final Checkout checkout;
  private final Path home;
  private final Map<String, String> variables = new HashMap<>();

  private BenchInstallation(BenchRun run, Checkout checkout, Path home) {
    this.run = run;
    this.checkout = checkout;
    this.home = home;
    set("CHOWDER_HOME", home.toString());
    PORTS.forEach(
        (name, port) -> set("CHOWDER_" + name, checkout.variable("CHOWDER_BENCH_" + name, port)));
    // Members of the pool take memory and boot in between. Only one phase of the agents has them.
    set("CHOWDER_POOL_MAX_SIZE", "0");
    // A reboot ends the measurement.
    set("CHOWDER_START_AT_BOOT", "no");
  }

  /** Creates the state directory. Starts nothing. */
  static BenchInstallation create(BenchRun run, Checkout checkout) throws IOException {
    var chosen = checkout.variable("CHOWDER_BENCH_HOME", "");
    var home =
        chosen.isEmpty()
            ? Files.createTempDirectory(checkout.temporary(), "chowder-bench.")
            : Path.of(chosen);
    var installation = new BenchInstallation(run, checkout, home);
    run.atEnd(installation::down);
    return installation;
  }

  Path home() {
    return home;
  }

  Path log(String name) {
    return home.resolve("logs").resolve(name + ".log");
  }

  int port(String name) {
    return Integer.parseInt(variable("CHOWDER_" + name));
  }

  String variable(String name) {
    return variables.getOrDefault(name, "");
  }

  /** Sets a variable of the installation. It takes effect at the next start. */
  void set(String name, String value) {
    variables.put(name, value);
  }

  /** Starts the installation, or restarts what has other settings. */
  void up(String... options) throws IOException, InterruptedException {
    var words = new ArrayList<>(TO_ERRORS);
    // The first agent, which no bench measures, would use memory.
    words.addAll(List.of(checkout.script("up"), "--at-boot"));
    words.addAll(List.of(options));
    if (run.run(program(words)) != 0)
      throw new ProgramException("cannot start the installation: see the message above", null);
  }

  private void down() {
    var words = new ArrayList<>(TO_ERRORS);
    words.addAll(List.of(checkout.script("down"), "--purge", "--keep-cache"));
    var down = program(words);
    // The bench removes its database.
    down.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_STORAGE_"));
    try {
      if (down.inheritIO().start().waitFor() != 0)
        throw new ProgramException("cannot remove " + home + ": see the message above", null);
      // A failure before the first start leaves an empty folder.
      Files.deleteIfExists(home);
    } catch (DirectoryNotEmptyException | NoSuchFileException notOurs) {
      // The user chose a folder with other files.
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns a program with the variables of the installation. */
  ProcessBuilder program(List<String> words) {
    var builder = new ProcessBuilder(words);
    // Measurements use plain text, so the installation does not get the TLS settings of the caller.
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_TLS_"));
    builder.environment().putAll(variables);
    return builder;
  }

  Endpoints endpoints() {
    return new Endpoints(
        url("REST_PORT"),
        url("OPERATOR_REST_PORT"),
        url("MONITORING_PORT"),
        home.resolve("operator.token"));
  }

  private URI url(String port) {
    return URI.create("http://localhost:" + port(port));
  }
}

package dev.chowder.bench;

import dev.chowder.base.Sha256;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The Python program in {@code bench/agents}, which measures agents and reports the results. */
final class AgentsProgram {
  private static final String PYTHON = "python3";
  private static final Duration INSTALL_LIMIT = Duration.ofMinutes(5);

  /** Digits of a hash in the name of a folder. */
  private static final int KEY = 16;

  private final BenchRun run;
  private final Checkout checkout;

  /**
   * Describes the program.
   *
   * @throws ProgramException if Python is missing
   */
  AgentsProgram(BenchRun run, Checkout checkout) {
    if (Program.onPath(PYTHON).isEmpty())
      throw new ProgramException("python3 is missing: install it", null);
    this.run = run;
    this.checkout = checkout;
  }

  /** Runs {@code measure}, and returns its exit code. */
  int measure(List<String> options) throws IOException, InterruptedException {
    return run(PYTHON, "measure", options);
  }

  /** Runs {@code report}, and returns its exit code. Installs the packages for charts once. */
  int report(List<String> options) throws IOException, InterruptedException {
    boolean hasCharts = options.stream().anyMatch(option -> option.startsWith("--charts"));
    return run(hasCharts ? pythonWithCharts() : PYTHON, "report", options);
  }

  private int run(String python, String command, List<String> options)
      throws IOException, InterruptedException {
    var words = new ArrayList<>(List.of(python, "-m", "agents", command));
    words.addAll(options);
    var builder = new ProcessBuilder(words);
    builder.environment().put("PYTHONPATH", checkout.root().resolve("bench").toString());
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    return run.run(builder);
  }

  /**
   * Returns a Python that has the packages of bench/requirements.txt, in a folder that is named by
   * the hash of that list.
   */
  private String pythonWithCharts() throws IOException {
    var requirements = checkout.root().resolve("bench/requirements.txt");
    var folder = checkout.cache().resolve("bench-charts").resolve(hash(requirements));
    var complete = folder.resolve("complete");
    if (!Files.exists(complete)) {
      ensureVenv();
      System.err.println("Installing matplotlib ...");
      Files.createDirectories(folder.getParent());
      try {
        var _ =
            Program.of(PYTHON, "-m", "venv", "--clear", folder.toString())
                .within(INSTALL_LIMIT)
                .run();
        var _ =
            Program.of(folder.resolve("bin/pip").toString(), "install", "-q")
                .and("-r", requirements.toString())
                .within(INSTALL_LIMIT)
                .run();
      } catch (ProgramException failed) {
        throw new ProgramException(
            "cannot install matplotlib from PyPI: %s; run this again"
                .formatted(failed.getMessage()),
            failed);
      }
      Files.createFile(complete);
    }
    return folder.resolve("bin/python").toString();
  }

  private void ensureVenv() {
    if (Program.of(PYTHON, "-c", "import venv, ensurepip").succeeds()) return;
    try {
      new DebianPackages(checkout.root().resolve("scripts/lib")).install("python3-venv");
    } catch (ProgramException failed) {
      throw new ProgramException(
          "cannot install Python's venv module, which the charts need: install python3 and"
              + " python3-venv and run this again",
          failed);
    }
  }

  private static String hash(Path file) throws IOException {
    return Sha256.hex(file).substring(0, KEY);
  }
}

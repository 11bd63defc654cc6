package dev.chowder.simulator;

import java.util.ArrayList;
import java.util.List;

/**
 * The behaviour of a simulated process, parsed from its command. Commands of the real image have no
 * options for it, so they print nothing and succeed. Tests use {@code --print TEXT}, {@code --exit
 * CODE}, {@code --hang}, {@code --ignore-sigterm} or {@code --out-of-memory}.
 */
record FakeCommand(
    List<String> prints,
    int exitCode,
    boolean hangs,
    boolean ignoresSigterm,
    boolean outOfMemory,
    boolean onboards) {

  static FakeCommand parse(List<String> command) {
    List<String> prints = new ArrayList<>();
    int exitCode = 0;
    for (int i = 0; i + 1 < command.size(); i++) {
      switch (command.get(i)) {
        case "--print" -> prints.add(command.get(i + 1));
        case "--exit" -> exitCode = Integer.parseInt(command.get(i + 1));
        default -> {}
      }
    }
    return new FakeCommand(
        List.copyOf(prints),
        exitCode,
        command.contains("--hang"),
        command.contains("--ignore-sigterm"),
        command.contains("--out-of-memory"),
        command.contains("onboard"));
  }
}

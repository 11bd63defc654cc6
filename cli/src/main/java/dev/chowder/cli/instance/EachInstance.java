package dev.chowder.cli.instance;

import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.failure.CommandException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs a command for several instances, one after another. A failure does not stop the others. */
final class EachInstance {
  private EachInstance() {}

  /** Runs the command. If several names were given, its failure has the code of the first one. */
  static void run(Invocation invocation, List<String> names, Consumer<String> command) {
    @Nullable CommandException first = null;
    int failed = 0;
    for (var name : names) {
      try {
        command.accept(name);
      } catch (CommandException failure) {
        if (names.size() == 1 || concernsAll(failure)) throw failure;
        invocation.notices().say("chowder: %s: %s.".formatted(name, failure.getMessage()));
        failed++;
        if (first == null) first = failure;
      }
    }
    if (first != null) {
      throw new CommandException(
          first.code(),
          "%d of %d instances failed; their causes are above".formatted(failed, names.size()));
    }
  }

  private static boolean concernsAll(CommandException failure) {
    return switch (failure.code()) {
      case INTERRUPTED, OUTPUT_CLOSED, DENIED -> true;
      case SUCCESS, FAILED, USAGE, NOT_FOUND, CONFLICT, UNAVAILABLE, TIMED_OUT -> false;
    };
  }
}

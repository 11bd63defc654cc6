package dev.chowder.cli.instance;

import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.client.failure.ClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Runs a command for several instances. A failure does not stop the others. */
final class EachInstance {
  private final Invocation invocation;
  private final List<String> names;
  private @Nullable CommandException first;
  private int failed;

  private EachInstance(Invocation invocation, List<String> names) {
    this.invocation = invocation;
    this.names = names;
  }

  /**
   * Runs the command for one instance after another. If several names were given, its failure has
   * the code of the first one.
   */
  static void run(Invocation invocation, List<String> names, Consumer<String> command) {
    var each = new EachInstance(invocation, names);
    for (var name : names) each.attempt(name, () -> command.accept(name));
    each.fail();
  }

  /**
   * Requests the change of all instances, and then waits for one after another.
   *
   * @param request called with each name
   * @param finish called with the result of each request that succeeded
   */
  static <T> void run(
      Invocation invocation, List<String> names, Function<String, T> request, Consumer<T> finish) {
    var each = new EachInstance(invocation, names);
    var rests = new ArrayList<Runnable>();
    for (var name : names) {
      each.attempt(
          name,
          () -> {
            var requested = request.apply(name);
            rests.add(() -> each.attempt(name, () -> finish.accept(requested)));
          });
    }
    rests.forEach(Runnable::run);
    each.fail();
  }

  private void attempt(String name, Runnable part) {
    try {
      part.run();
    } catch (ClientException failure) {
      count(name, ClientFailure.of(failure));
    } catch (CommandException failure) {
      count(name, failure);
    }
  }

  private void count(String name, CommandException failure) {
    if (names.size() == 1 || concernsAll(failure)) throw failure;
    invocation.report(failure, "%s: %s".formatted(name, failure.getMessage()));
    failed++;
    if (first == null) first = failure;
  }

  private void fail() {
    if (first == null) return;
    throw first
        .code()
        .failure(
            "%d of %d instances failed; their causes are above".formatted(failed, names.size()));
  }

  private static boolean concernsAll(CommandException failure) {
    return switch (failure.code()) {
      case INTERRUPTED, OUTPUT_CLOSED, DENIED -> true;
      case SUCCESS, FAILED, USAGE, NOT_FOUND, CONFLICT, UNAVAILABLE, TIMED_OUT -> false;
    };
  }
}

package dev.chowder.cli.instance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.client.Call;
import dev.chowder.client.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The hidden command {@code complete}: prints the names that complete the last word. The scripts of
 * shells run it while the user types, so it is quick and never fails.
 */
@Command(
    name = "complete",
    hidden = true,
    description = "Print the names that complete the last word, for the scripts of shells")
final class CompleteCommand extends ApiCommand implements Runnable {
  /**
   * Shells expand candidates, so a name such as {@code $(command)} would be executed. Names with
   * other characters are left out.
   */
  private static final Pattern SAFE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  private static final String MAX_NAMES = "100";
  private static final String CONTEXT = "--context";

  /** The names that the script asks for. */
  enum Kind {
    instances,
    contexts
  }

  @Parameters(index = "0", paramLabel = "KIND", description = "instances or contexts")
  private Kind kind = Kind.instances;

  @Parameters(
      index = "1..*",
      paramLabel = "WORD",
      description = "the words of the line after the name of the program")
  private List<String> words = new ArrayList<>();

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "longest time, after which no name is printed (default: 1s)")
  private Duration timeout = Duration.ofSeconds(1);

  @Override
  public void run() {
    // The resolution of a host name has no time limit of its own.
    var names = new ArrayList<String>();
    var done = new CountDownLatch(1);
    var _ = Thread.ofVirtual().name("complete").start(() -> collect(names, done));
    try {
      if (!done.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) return;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return;
    }
    names.forEach(output()::line);
  }

  private void collect(List<String> names, CountDownLatch done) {
    try {
      found().filter(name -> SAFE.matcher(name).matches()).distinct().sorted().forEach(names::add);
      done.countDown();
    } catch (RuntimeException none) {
      // The user sees no candidates. The command itself will report the cause.
      done.countDown();
    }
  }

  private Stream<String> found() {
    var prefix = words.isEmpty() ? "" : words.getLast();
    return switch (kind) {
      case instances -> instances(prefix);
      case contexts ->
          Stream.concat(
                  Stream.of(Context.LOCAL),
                  invocation().contextFile().load().byName().keySet().stream())
              .filter(name -> name.startsWith(prefix));
    };
  }

  private Stream<String> instances(String prefix) {
    var context = context();
    if (context != null) invocation().choose(context);
    var call = Call.get("/v1/instances").with("page_size", MAX_NAMES).within(timeout);
    var reply = api().send(prefix.isEmpty() ? call : call.with("name_prefix", prefix)).json();
    var instances =
        JsonParser.parseString(reply) instanceof JsonObject page
                && page.get("instances") instanceof JsonArray array
            ? array
            : new JsonArray();
    return StreamSupport.stream(instances.spliterator(), false).map(CompleteCommand::name);
  }

  private static String name(JsonElement instance) {
    return instance instanceof JsonObject object && object.has("name")
        ? object.get("name").getAsString()
        : "";
  }

  /** Returns the context that the line names; absent if none. */
  private @Nullable String context() {
    for (int i = 0; i < words.size() - 1; i++) {
      var word = words.get(i);
      if (word.startsWith(CONTEXT + "=")) return word.substring(CONTEXT.length() + 1);
      // bash splits words at "=".
      int value = words.get(i + 1).equals("=") ? i + 2 : i + 1;
      if (word.equals(CONTEXT) && value < words.size() - 1) return words.get(value);
    }
    return null;
  }
}

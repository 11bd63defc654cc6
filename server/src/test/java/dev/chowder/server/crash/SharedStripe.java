package dev.chowder.server.crash;

import dev.chowder.server.subscription.StubStripe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The Stripe stub at which all servers of this JVM sell their tiers. */
final class SharedStripe {
  private static @Nullable List<String> options;

  private SharedStripe() {}

  /** Returns options for the command line of a server. */
  static synchronized List<String> options() throws IOException {
    var known = options;
    if (known == null) {
      var folder = Files.createTempDirectory("shop");
      known =
          StubStripe.start().settings(folder).entrySet().stream()
              .map(setting -> "-D" + setting.getKey() + "=" + setting.getValue())
              .toList();
      deleteAtTheEnd(folder);
      options = known;
    }
    return known;
  }

  /** Registers folders before their content, because the JVM deletes in reverse order. */
  private static void deleteAtTheEnd(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      all.forEach(path -> path.toFile().deleteOnExit());
    }
  }
}

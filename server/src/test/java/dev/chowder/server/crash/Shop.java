package dev.chowder.server.crash;

import dev.chowder.server.subscription.StubStripe;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where all servers of this JVM sell their tiers. */
final class Shop {
  private static @Nullable List<String> options;

  private Shop() {}

  /** For the command line of a server. */
  static synchronized List<String> options() throws IOException {
    var known = options;
    if (known == null) {
      var folder = Files.createTempDirectory("shop");
      known =
          StubStripe.start().settings(folder).entrySet().stream()
              .map(setting -> "-D" + setting.getKey() + "=" + setting.getValue())
              .toList();
      StartCache.deleteAtTheEnd(folder);
      options = known;
    }
    return known;
  }
}

package dev.chowder.secret;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Uses a real PostgreSQL. */
class MasterKeyIT extends MasterKeyContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }

  @Test
  void onlyOneKeyIsCreatedByNodesThatStartAtOnceWithAFileEach() throws Exception {
    List<String> results = startAtOnce(home.resolve("a/master.key"), home.resolve("b/master.key"));

    assertThat(results).hasSize(2).containsOnlyOnce("up");
    assertThat(results).anyMatch(result -> result.contains("no master key in "));
    assertThat(Stream.of("a", "b").filter(node -> home.resolve(node).toFile().exists()).count())
        .as("key files")
        .isEqualTo(1);
  }

  @Test
  void nodesThatStartAtOnceWithOneFileShareItsKey() throws Exception {
    Path file = home.resolve("shared/master.key");
    assertThat(startAtOnce(file, file)).containsExactly("up", "up");
  }

  private List<String> startAtOnce(Path... files) throws Exception {
    List<Callable<String>> nodes =
        Stream.of(files)
            .<Callable<String>>map(
                file ->
                    () -> {
                      try {
                        MasterKey.open(new SecretSettings(file, Optional.empty()), database);
                        return "up";
                      } catch (MasterKeyException e) {
                        return String.valueOf(e.getMessage());
                      }
                    })
            .toList();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<String> results = new java.util.ArrayList<>();
      for (var started : threads.invokeAll(nodes)) results.add(started.get());
      return results;
    }
  }
}

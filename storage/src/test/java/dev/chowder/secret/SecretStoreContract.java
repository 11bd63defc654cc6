package dev.chowder.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.secret.SecretStore.ValueId;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the storage of secrets. The subclass chooses the database. */
abstract class SecretStoreContract {
  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  SecretStore secrets;

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    secrets =
        new SecretStore(
            MasterKey.open(SecretSettings.from(storage.config(), Map.of()), database), database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void theKeyOfContainerNamesIsCreatedOnce() {
    var key = InstallationKeys.ofContainerNames(secrets);
    assertThat(key.size()).isEqualTo(32);
    assertThat(InstallationKeys.ofContainerNames(secrets)).isEqualTo(key);
    assertThat(secrets.valueIds(Optional.empty(), 10)).as("values with a journal").isEmpty();
  }

  @Test
  void aTextIsCreatedOnlyOnce() {
    assertThat(secrets.create("o", "n", Secret.of("first"))).isTrue();
    assertThat(secrets.create("o", "n", Secret.of("second"))).isFalse();
    assertThat(secrets.get("o", "n")).contains(Secret.of("first"));
  }

  @Test
  void aValueIsReadBackReplacedAndRemoved() {
    secrets.put("o", "provider/openai", Secret.of("first 🐚"));
    assertThat(secrets.get("o", "provider/openai")).contains(Secret.of("first 🐚"));
    secrets.put("o", "provider/openai", Secret.of("second"));
    assertThat(secrets.get("o", "provider/openai")).contains(Secret.of("second"));
    secrets.delete("o", "provider/openai");
    secrets.delete("o", "provider/openai");
    assertThat(secrets.get("o", "provider/openai")).isEmpty();
  }

  @Test
  void aValueIsWrittenOnlyIfTheCheckedOneAllowsIt() {
    assertThat(secrets.putIf("o", "a", Secret.of("1"), "b", Optional::isPresent)).isFalse();
    assertThat(secrets.get("o", "a")).isEmpty();
    assertThat(secrets.putIf("o", "a", Secret.of("1"), "a", Optional::isEmpty)).isTrue();
    assertThat(secrets.putIf("o", "a", Secret.of("2"), "a", Optional::isEmpty)).isFalse();
    assertThat(secrets.get("o", "a")).contains(Secret.of("1"));
    secrets.put("o", "b", Secret.of("new"));
    assertThat(secrets.putIf("o", "a", Secret.of("2"), "b", Optional.of(Secret.of("old"))::equals))
        .isFalse();
    assertThat(secrets.putIf("o", "a", Secret.of("2"), "b", Optional.of(Secret.of("new"))::equals))
        .isTrue();
    assertThat(secrets.get("o", "a")).contains(Secret.of("2"));
  }

  @Test
  void concurrentConditionalWritesDoNotOverwriteEachOther() throws Exception {
    try (var writers = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < 20; round++) {
        var name = "counter-" + round;
        List<Callable<Integer>> all = new ArrayList<>();
        for (int writer = 0; writer < 4; writer++) {
          all.add(() -> IntStream.range(0, 10).map(_ -> countOnce(name)).sum());
        }
        int written = 0;
        for (Future<Integer> one : writers.invokeAll(all)) written += one.get();
        // Each write incremented the counter: none replaced a value that it had not read.
        assertThat(secrets.get("o", name)).contains(Secret.of(Integer.toString(written)));
      }
    }
  }

  /** Increments the counter. Returns 1 if it still had the value that was read before, else 0. */
  private int countOnce(String name) {
    var before = secrets.get("o", name);
    int next = before.map(value -> Integer.parseInt(value.reveal())).orElse(0) + 1;
    return secrets.putIf("o", name, Secret.of(Integer.toString(next)), name, before::equals)
        ? 1
        : 0;
  }

  @Test
  void removingAnOwnerRemovesAllOfItsValuesAndNoOthers() {
    secrets.put("o", "a", Secret.of("1"));
    secrets.put("o", "b", Secret.of("2"));
    secrets.put("p", "a", Secret.of("3"));
    secrets.deleteAll("o");
    assertThat(secrets.get("o", "a")).isEmpty();
    assertThat(secrets.get("o", "b")).isEmpty();
    assertThat(secrets.get("p", "a")).contains(Secret.of("3"));
  }

  @Test
  void valuesOfSeveralOwnersAreReadTogether() {
    secrets.put("o", "config", Secret.of("1"));
    secrets.put("p", "config", Secret.of("2"));
    secrets.put("p", "another", Secret.of("3"));
    assertThat(secrets.getAll(List.of("o", "p", "q"), List.of("config", "missing")))
        .isEqualTo(
            Map.of("o", Map.of("config", Secret.of("1")), "p", Map.of("config", Secret.of("2"))));
    assertThat(secrets.getAll(List.of(), List.of("config"))).isEmpty();
    assertThat(secrets.getAll(List.of("o"), List.of())).isEmpty();
  }

  @Test
  void sizesOfSeveralOwnersAreReadTogether() {
    secrets.put("o", "config", Secret.of("1".repeat(1000)));
    secrets.put("o", "other-config", Secret.of("1".repeat(500)));
    secrets.put("p", "config", Secret.of("2"));
    secrets.put("p", "another", Secret.of("3".repeat(1000)));
    var sizes = secrets.sizes(List.of("o", "p", "q"), List.of("config", "other-config"));
    assertThat(sizes).containsOnlyKeys("o", "p");
    assertThat(sizes.get("o")).isBetween(1500L, 1700L);
    assertThat(sizes.get("p")).isBetween(1L, 100L);
    assertThat(secrets.sizes(List.of(), List.of("config"))).isEmpty();
  }

  @Test
  void allValueIdsAreListedPageByPage() {
    var all =
        List.of(
            new ValueId("o", "a"),
            new ValueId("o", "b"),
            new ValueId("p", "a"),
            new ValueId("q", "x"));
    for (var id : all) secrets.put(id.owner(), id.name(), Secret.of("1"));
    assertThat(secrets.valueIds(Optional.empty(), 3)).isEqualTo(all.subList(0, 3));
    assertThat(secrets.valueIds(Optional.of(all.get(2)), 3)).isEqualTo(all.subList(3, 4));
    assertThat(secrets.valueIds(Optional.of(all.get(3)), 3)).isEmpty();
  }

  @Test
  void aValueLargerThanTheLimitIsRejected() {
    byte[] bytes = new byte[SecretStore.MAX_BYTES];
    new Random(1).nextBytes(bytes);
    secrets.putBytes("o", "n", ByteString.copyFrom(bytes));
    assertThat(secrets.getBytes("o", "n")).contains(ByteString.copyFrom(bytes));
    assertThatThrownBy(
            () ->
                secrets.putBytes(
                    "o", "n", ByteString.copyFrom(new byte[SecretStore.MAX_BYTES + 1])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("secret n: ")
        .hasMessageContaining("1048576");
  }

  @Test
  void anOwnerWithASlashIsRejectedAsAmbiguous() {
    assertThatThrownBy(() -> secrets.put("o/n", "m", Secret.of("value")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aCiphertextThatWasMovedToAnotherOwnerOrNameIsNotDecrypted() {
    secrets.put("o", "n", Secret.of("value"));
    secrets.put("p", "n", Secret.of("another"));
    secrets.put("o", "m", Secret.of("another"));
    move(
        "UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets WHERE owner = 'o' AND name"
            + " = 'n')");
    assertThat(secrets.get("o", "n")).contains(Secret.of("value"));
    assertThatThrownBy(() -> secrets.get("p", "n"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("secret n of p");
    assertThatThrownBy(() -> secrets.get("o", "m")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void concurrentWritesOfOneValueAllSucceed() throws Exception {
    List<Callable<Void>> writes =
        IntStream.range(0, 50)
            .<Callable<Void>>mapToObj(
                n ->
                    () -> {
                      secrets.put("o", "n", Secret.of("value" + n));
                      return null;
                    })
            .toList();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> done : threads.invokeAll(writes)) done.get();
    }
    assertThat(secrets.get("o", "n").orElseThrow().reveal()).startsWith("value");
  }

  private void move(String sql) {
    database.jdbi().useHandle(handle -> handle.execute(sql));
  }
}

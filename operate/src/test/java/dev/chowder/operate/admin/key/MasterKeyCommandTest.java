package dev.chowder.operate.admin.key;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.NodeFixture;
import dev.chowder.operate.Ran;
import dev.chowder.operate.SimulatedNode.Parts;
import dev.chowder.operate.admin.node.LocalNodes;
import dev.chowder.operate.command.Invocation;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.operator.NoMasterKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Two nodes share a database, whose values need one key. A node fails if it loads a file without
 * that key, as the real one does.
 */
class MasterKeyCommandTest extends NodeFixture {
  private static final String PREVIOUS = "the-previous-key";

  /** The number of calls to both nodes in a complete rotation: two for each reload, one rewrite. */
  private static final int CALLS = 7;

  private final Database database = new Database();
  private Path file;

  /** The values of both nodes. */
  private static final class Database {
    private String key = PREVIOUS;
    private int calls;
    private int failingCall = Integer.MAX_VALUE;

    private void count() {
      if (++calls == failingCall) throw ApiError.databaseUnavailable();
    }
  }

  private final class Keys extends NoMasterKey {
    private List<String> loaded = List.of(PREVIOUS);

    @Override
    public int reload() {
      database.count();
      var read = lines(file);
      if (!read.contains(database.key)) {
        throw ApiError.wrongState("a value cannot be decrypted", Map.of());
      }
      loaded = read;
      return loaded.size();
    }

    @Override
    public int rewrite() {
      database.count();
      assertThat(loaded).contains(database.key);
      database.key = loaded.getFirst();
      return 5;
    }
  }

  @BeforeEach
  void start() throws IOException {
    file = home.resolve("master.key");
    write(PREVIOUS + "\n");
    var usual = Parts.usual();
    start(
        usual.withNodes("one:1", "one:1", "two:2").withMasterKey(new Keys()),
        usual.withNodes("two:2", "one:1", "two:2").withMasterKey(new Keys()));
  }

  @Test
  void theKeyIsReplacedAndThePreviousOneIsKept() throws IOException {
    var ran = run("master-key", "rotate");
    assertThat(ran.code()).as(ran.errors()).isZero();
    assertThat(database.calls).isEqualTo(CALLS);
    assertThat(lines(file)).singleElement().asString().hasSize(44).isEqualTo(database.key);
    assertThat(ran.errors())
        .contains("re-encrypted 5 values", kept().getFirst().toString())
        .doesNotContain(PREVIOUS, database.key);
    assertThat(kept())
        .singleElement()
        .satisfies(one -> assertThat(one).hasContent(PREVIOUS + "\n"));
    for (var secret : List.of(file, kept().getFirst())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
          .isEqualTo("rw-------");
    }
    assertThat(nodes.getLast().calls())
        .containsExactly("ReloadMasterKey  ", "ReloadMasterKey  ", "ReloadMasterKey  ");
  }

  /** Each interruption leaves the keys that are needed, and the next rotation finishes. */
  @Test
  void aRotationThatFailedAtAnyCallIsRepeated() throws IOException {
    for (int call = 1; call <= CALLS; call++) {
      write(PREVIOUS + "\n");
      for (var one : kept()) Files.delete(one);
      database.key = PREVIOUS;
      database.calls = 0;
      database.failingCall = call;
      var failed = run("master-key", "rotate");
      assertThat(failed.code()).as("call %d", call).isNotZero();
      assertThat(failed.errors()).contains("run this again").doesNotContain(PREVIOUS);
      assertThat(lines(file)).as("call %d", call).contains(database.key);

      database.failingCall = Integer.MAX_VALUE;
      var ran = run("master-key", "rotate");
      assertThat(ran.code()).as("call %d: %s", call, ran.errors()).isZero();
      assertThat(lines(file)).as("call %d", call).containsExactly(database.key);
      assertThat(keptKeys()).as("call %d", call).contains(PREVIOUS);
    }
  }

  @Test
  void rotationsWithinASecondKeepAllKeys() throws IOException {
    var expected = new ArrayList<String>();
    for (int rotation = 0; rotation < 3; rotation++) {
      expected.add(database.key);
      var _ =
          new KeyRotation(
                  file,
                  LocalNodes.all(invocation()),
                  new SecureRandom(),
                  () -> Instant.parse("2026-01-01T00:00:00Z"))
              .run();
    }
    assertThat(keptKeys()).containsExactlyInAnyOrderElementsOf(expected);
  }

  private Invocation invocation() {
    return Ran.invocation(Environment.silent(Map.of()), settings());
  }

  @Test
  void aFileWithoutAFinalLineBreakKeepsItsKey() throws IOException {
    write(PREVIOUS);
    assertThat(run("master-key", "rotate").code()).isZero();
    assertThat(keptKeys()).containsExactly(PREVIOUS);
  }

  @Test
  void withoutAllNodesNothingIsChanged() throws IOException {
    nodes.getLast().close();
    var ran = run("master-key", "rotate");
    assertThat(ran.code()).isEqualTo(ExitCode.UNAVAILABLE.number());
    assertThat(ran.errors()).contains("node 2", "nothing was changed");
    assertThat(lines(file)).containsExactly(PREVIOUS);
    assertThat(database.calls).isZero();
  }

  @Test
  void aClusterOnSeveralMachinesIsNotChanged() throws IOException {
    Files.writeString(home.resolve("nodes"), "1\n");
    var ran = run("master-key", "rotate");
    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
    assertThat(ran.errors()).contains("one:1, two:2", "docs/operations/keys.md");
    assertThat(lines(file)).containsExactly(PREVIOUS);
  }

  @Test
  void aKeyOutsideOfAFileIsNotReplaced() {
    var ran =
        Ran.of(Map.of("CHOWDER_MASTER_KEY", PREVIOUS), settings(), "", "master-key", "rotate");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("CHOWDER_MASTER_KEY: must be unset").doesNotContain(PREVIOUS);
    assertThat(database.calls).isZero();
  }

  @Test
  void withoutAKeyThereIsNothingToReplace() throws IOException {
    write("");
    assertThat(run("master-key", "rotate").errors()).contains("master.key: must be the master key");
    write("\n");
    assertThat(run("master-key", "rotate").errors()).contains("it has no key");
    assertThat(database.calls).isZero();
  }

  private void write(String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private List<Path> kept() throws IOException {
    try (var files = Files.list(home)) {
      return files.filter(one -> one.getFileName().toString().contains(".until-")).toList();
    }
  }

  private List<String> keptKeys() throws IOException {
    return kept().stream().flatMap(one -> lines(one).stream()).toList();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }
}

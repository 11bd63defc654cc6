package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EarlierProtocolTest {
  @TempDir private Path root;
  private EarlierProtocol protocol;

  @BeforeEach
  void createRepository() {
    git("init", "-q", "-b", "main");
    protocol = new EarlierProtocol(root);
  }

  @Test
  void aRepositoryWithoutCommitsHasNone() {
    assertThat(protocol.commit("")).isEmpty();
  }

  @Test
  void aCloneWithOneCommitHasNone() throws IOException {
    commit("1");
    assertThat(protocol.commit("")).isEmpty();
  }

  @Test
  void mainIsComparedWithThePreviousCommit() throws IOException {
    var first = commit("1");
    assertThat(protocol.commit("")).isEmpty();
    var second = commit("2");
    assertThat(protocol.commit("")).contains(first);
    git("update-ref", "refs/remotes/origin/main", second);
    assertThat(protocol.commit("")).contains(first);
  }

  @Test
  void aBranchIsComparedWithItsBeginning() throws IOException {
    var first = commit("1");
    git("update-ref", "refs/remotes/origin/main", first);
    commit("2");
    commit("3");
    assertThat(protocol.commit("")).contains(first);
  }

  @Test
  void aGivenCommitMustHaveTheProtocol() throws IOException {
    git("commit", "-q", "--allow-empty", "-m", "empty");
    var empty = git("rev-parse", "HEAD");
    var first = commit("1");
    commit("2");
    assertThat(protocol.commit(first)).contains(first);
    assertThat(protocol.commit("HEAD")).contains(git("rev-parse", "HEAD"));
    for (var wrong : new String[] {empty, "unknown"}) {
      assertThatThrownBy(() -> protocol.commit(wrong))
          .hasMessageStartingWith("CHOWDER_PROTO_BASE: must be a commit of this clone")
          .hasMessageEndingWith(wrong);
    }
  }

  /** Returns the id of a commit with a protocol. */
  private String commit(String content) throws IOException {
    var folder = Files.createDirectories(root.resolve("proto/src/main/proto"));
    Files.writeString(folder.resolve("a.proto"), content);
    git("add", ".");
    git("commit", "-q", "-m", content);
    return git("rev-parse", "HEAD");
  }

  private String git(String... arguments) {
    return Program.of("git", "-c", "user.name=test", "-c", "user.email=test@localhost")
        .and(arguments)
        .in(root)
        .run()
        .text();
  }
}

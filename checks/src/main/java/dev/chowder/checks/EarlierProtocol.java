package dev.chowder.checks;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.program.Program;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Chooses the commit with whose protocol that of this tree must be compatible.
 *
 * @param root the folder of the repository
 */
record EarlierProtocol(Path root) {
  /**
   * Returns the given commit. Without one, returns the merge base of this branch with main or, on
   * main itself, the previous commit.
   *
   * @param given the value of {@code CHOWDER_PROTO_BASE}; may be empty
   * @return empty if this clone does not have the previous commit
   * @throws IllegalArgumentException if the given commit does not have the protocol
   */
  Optional<String> commit(String given) {
    if (!given.isEmpty()) {
      var rule = "be a commit of this clone that has proto/src/main/proto";
      return Optional.of(
          withProtocol(given)
              .orElseThrow(
                  () -> new IllegalArgumentException(must("CHOWDER_PROTO_BASE", rule, given))));
    }
    var head = git("rev-parse", "-q", "--verify", "HEAD");
    if (head.isEmpty()) return Optional.empty();
    var base = git("merge-base", "HEAD", "origin/main").or(() -> head);
    return withProtocol(base.equals(head) ? "HEAD~1" : base.get());
  }

  private Optional<String> withProtocol(String commit) {
    return git("rev-parse", "-q", "--verify", commit + "^{commit}")
        .filter(id -> git("rev-parse", "-q", "--verify", id + ":proto/src/main/proto").isPresent());
  }

  private Optional<String> git(String... arguments) {
    var result = Program.of("git").and(arguments).in(root).attempt();
    return result.succeeded() ? Optional.of(result.text()) : Optional.empty();
  }
}

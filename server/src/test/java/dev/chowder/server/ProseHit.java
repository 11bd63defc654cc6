package dev.chowder.server;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Words in a file that break a rule. */
record ProseHit(ProseRule rule, String file, Prose.Kind kind, int line, String words) {
  /** Files whose comments users read, some of them in a generated document. */
  private static final Pattern DOCUMENTS =
      Pattern.compile(
          "(README|CHANGELOG|CONTRIBUTING|SECURITY)\\.md|docs/.*|.*\\.proto|.*/reference\\.conf"
              + "|.*/server/error/Reason\\.java");

  /** Returns the hits of all rules. */
  static Stream<ProseHit> in(String file, List<Prose.Passage> passages) {
    return passages.stream()
        .flatMap(passage -> ProseRule.ALL.stream().flatMap(rule -> of(rule, file, passage)));
  }

  private static Stream<ProseHit> of(ProseRule rule, String file, Prose.Passage passage) {
    return rule.in(passage.text())
        .map(
            found ->
                new ProseHit(
                    rule,
                    file,
                    passage.kind(),
                    passage.lineAt(found.start()),
                    found.group().strip()));
  }

  /** Returns whether users read these words, not only contributors. */
  boolean isPublic() {
    return kind == Prose.Kind.MESSAGE || DOCUMENTS.matcher(file).matches();
  }

  @Override
  public String toString() {
    return "%s:%d: \"%s\": write %s".formatted(file, line, words, rule.instead());
  }
}

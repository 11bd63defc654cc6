package dev.chowder.server.gateway;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.ErrorText;
import dev.chowder.openclaw.SessionKey;
import dev.chowder.openclaw.config.OverrideLedger;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.config.OverrideVerdict;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxPaths;
import dev.chowder.settings.NearestName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs the loops over texts of callers and agents with long hostile texts. A new loop of this kind
 * must be added. Each ends within milliseconds; one that reads a text of 200,000 characters again
 * for each character takes longer than the limit.
 */
class LinearLoopsTest {
  private static final int LENGTH = 200_000;

  private static final Duration LIMIT = Duration.ofSeconds(10);

  private static final List<String> REPEATED =
      List.of(
          "a", " ", ".", "\\.", "\\", "/", "../", "%25", "%", "_2f", ";", "\n", "${A", "\uD83D",
          "***");

  private static final Map<String, Consumer<String>> LOOPS =
      new TreeMap<>(
          Map.of(
              "the name of a setting",
              text -> change(text, "x"),
              "the value of a setting",
              text -> change("a", text),
              "the path of a gateway",
              AdminPath::matches,
              "a session's id",
              SessionKey::of,
              "a value in an error",
              ErrorText::shown,
              "another program's message",
              text -> ErrorText.excerpt(text, 1000),
              "a file's path",
              refusable(FilePath::parse),
              "a path in a sandbox",
              refusable(SandboxPaths::checked),
              "an unknown name",
              text -> NearestName.of(text, List.of("agents", "channels"))));

  static Stream<Named<Consumer<String>>> loops() {
    return LOOPS.entrySet().stream().map(loop -> Named.of(loop.getKey(), loop.getValue()));
  }

  @ParameterizedTest
  @MethodSource("loops")
  void aLoopOverTextTakesLinearTime(Consumer<String> loop) {
    for (var one : REPEATED) {
      var text = one.repeat(LENGTH / one.length());
      assertTimeoutPreemptively(LIMIT, () -> loop.accept(text), one);
    }
  }

  /** Splits, checks, merges and masks a change. */
  private static void change(String name, String value) {
    var limits = new OverrideLimits(1 << 20, 32, 10_000);
    var verdict = OverrideLedger.first(object(name, value), limits, Optional.empty());
    if (verdict instanceof OverrideVerdict.Accepted(var ledger)) {
      var _ = ledger.shown();
      var _ = ledger.patched(object(name, value), limits, Optional.empty());
    }
  }

  private static ObjectNode object(String name, String value) {
    return JsonNodeFactory.instance.objectNode().put(name, value);
  }

  private static Consumer<String> refusable(Consumer<String> loop) {
    return text -> {
      try {
        loop.accept(text);
      } catch (FileRefused | SandboxException refused) {
        // The usual end for most of these texts.
      }
    };
  }
}

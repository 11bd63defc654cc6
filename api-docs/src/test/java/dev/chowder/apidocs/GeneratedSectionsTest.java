package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GeneratedSectionsTest {
  @Test
  void onlyTheLinesOfASectionAreReplaced() {
    var text =
        """
        a:
          # BEGIN generated some lines
          old
          # END generated some lines
        b: 1
        """;
    assertThat(GeneratedSections.filled(text, Map.of("some lines", List.of("x", "  y"))))
        .isEqualTo(text.replace("  old\n", "  x\n    y\n"));
  }

  @Test
  void aSectionThatIsMissingOrDoesNotEndIsAnError() {
    var sections = Map.of("lines", List.of("x"));
    assertThatThrownBy(() -> GeneratedSections.filled("a: 1\n", sections))
        .hasMessageContaining("lines");
    assertThatThrownBy(() -> GeneratedSections.filled("# BEGIN generated lines\n", sections))
        .hasMessageContaining("lines");
    assertThatThrownBy(() -> GeneratedSections.filled("# BEGIN generated others\n", Map.of()))
        .hasMessageContaining("others");
  }
}

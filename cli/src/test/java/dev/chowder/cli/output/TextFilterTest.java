package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextFilterTest {
  private final TextFilter filter = new TextFilter();

  @Test
  void linesAndTabsStay() {
    assertThat(filter.next("a\tb\nc\r\nd")).isEqualTo("a\tb\nc\nd");
  }

  @Test
  void sequencesAreRemovedAsAWhole() {
    assertThat(filter.next("\u001b[1;31mred\u001b[0m \u009b2Jclear")).isEqualTo("red clear");
  }

  @Test
  void aSequenceThatIsSplitIsRemoved() {
    assertThat(filter.next("a\u001b")).isEqualTo("a");
    assertThat(filter.next("[3")).isEmpty();
    assertThat(filter.next("1mb")).isEqualTo("b");
  }

  @Test
  void titlesOfWindowsBecomeText() {
    assertThat(filter.next("\u001b]0;title\u0007x")).isEqualTo("]0;titlex");
  }

  @Test
  void aSequenceWithoutAnEndHidesLittleText() {
    assertThat(filter.next("\u001b[" + "1".repeat(100)).length()).isGreaterThan(60);
    assertThat(filter.next("\nnext line")).isEqualTo("\nnext line");
  }

  @Test
  void anEscapeInsideOfASequenceBeginsAnotherOne() {
    assertThat(filter.next("\u001b[1\u001b[2Jx")).isEqualTo("x");
  }

  @Test
  void aCharacterThatIsSplitStays() {
    assertThat(filter.next("\ud83d")).isEmpty();
    assertThat(filter.next("\ude80")).isEqualTo("\ud83d\ude80");
    assertThat(filter.next("\ude80a")).as("half a character").isEqualTo("a");
  }
}

package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The end of an output, which is masked afterwards. */
class TailTest {
  private final Tail tail = new Tail(16);

  @Test
  void aShortOutputIsKeptWhole() {
    assertThat(text("one ", "two\n")).isEqualTo("one two\n");
    assertThat(text("12345678")).isEqualTo("one two\n12345678");
  }

  @Test
  void aWordThatWasCutIsLeftOut() {
    assertThat(text("key=not-a-real-key", "\nlast\twords")).isEqualTo("\nlast\twords");
  }

  @Test
  void nothingIsLeftOfOneLongWord() {
    assertThat(text("not-a-real-", "key-of-many-letters")).isEmpty();
  }

  private String text(String... more) {
    for (var one : more) tail.add(one.getBytes(UTF_8));
    return tail.text();
  }
}

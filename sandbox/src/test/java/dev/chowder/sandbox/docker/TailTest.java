package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TailTest {
  private final Tail tail = new Tail(16);

  @Test
  void aShortOutputIsKept() {
    assertThat(text("one ", "two\n")).isEqualTo("one two\n");
    assertThat(text("12345678")).isEqualTo("one two\n12345678");
  }

  @Test
  void aWordThatWasCutIsOmitted() {
    assertThat(text("key=not-a-real-key", "\nlast\twords")).isEqualTo("\nlast\twords");
  }

  @Test
  void oneLongWordIsOmitted() {
    assertThat(text("not-a-real-", "key-of-many-letters")).isEmpty();
  }

  private String text(String... more) {
    for (var one : more) tail.add(one.getBytes(UTF_8));
    return tail.text();
  }
}

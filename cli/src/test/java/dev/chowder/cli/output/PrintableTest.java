package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import org.junit.jupiter.api.Test;

class PrintableTest {
  @Test
  void controlCharactersBecomeEscapes() {
    assertThat(Printable.line("a\u001b[31mb\nc\u0007")).isEqualTo("a\\x1b[31mb\\x0ac\\x07");
    assertThat(Printable.line("\u009b2J\u007f")).isEqualTo("\\x9b2J\\x7f");
  }

  @Test
  void marksThatReorderTextBecomeEscapes() {
    assertThat(Printable.line("exe\u202egnp")).isEqualTo("exe\\u{202e}gnp");
    assertThat(Printable.line("a\u2028b\ud800c")).isEqualTo("a\\u{2028}b\\u{d800}c");
  }

  @Test
  void otherTextIsTheSame() {
    var text = "Zoë – 猫 👩\u200d🚀 \\x1b";
    assertThat(Printable.line(text)).isSameAs(text);
  }

  @Test
  void jsonKeepsItsMeaning() {
    var json = "{\"name\":\"a\u009bb\u202ec\u007f\\u001b 👩\u200d🚀\"}";
    var safe = Printable.json(json);
    assertThat(safe).doesNotContain("\u009b", "\u202e", "\u007f");
    assertThat(JsonParser.parseString(safe)).isEqualTo(JsonParser.parseString(json));
  }
}

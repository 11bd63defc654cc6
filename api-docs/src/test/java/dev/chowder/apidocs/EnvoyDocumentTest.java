package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import org.junit.jupiter.api.Test;

/** Checks that the generated parts of envoy/envoy.yaml match the protocol. */
class EnvoyDocumentTest {
  @Test
  void theGeneratedPartsMatchTheProtocol() throws IOException {
    var text = Files.readString(EnvoyConfiguration.FILE);
    var sections = new HashMap<>(new EnvoyRoutes(ApiDescriptors.read()).sections());
    sections.putAll(EnvoyErrors.sections());
    text = GeneratedSections.filled(text, sections);
    if (Boolean.getBoolean("chowder-tool.update-docs")) {
      Files.writeString(EnvoyConfiguration.FILE, text);
    }
    assertThat(EnvoyConfiguration.FILE)
        .as("run this test with -Dchowder-tool.update-docs=true, and read the difference")
        .hasContent(text);
  }
}

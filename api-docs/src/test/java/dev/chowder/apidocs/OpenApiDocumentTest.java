package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Checks that the document that Envoy serves at {@code /v1/openapi.json} matches the protocol. */
class OpenApiDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "envoy", "openapi.json");

  @Test
  void theDocumentMatchesTheProtocol() throws IOException {
    var text = new OpenApiDocument(ApiDescriptors.read()).text();
    if (Boolean.getBoolean("chowder.update-docs")) Files.writeString(DOCUMENT, text);
    assertThat(DOCUMENT)
        .as("run this test with -Dchowder.update-docs=true, and read the difference")
        .hasContent(text);
  }
}

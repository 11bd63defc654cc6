package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

/** Checks that docs/REST.md matches the protocol, and that the protocol states every error. */
class RestDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "REST.md");

  @Test
  void theDocumentMatchesTheProtocol() throws IOException {
    var text = new RestDocument(ApiDescriptors.read()).text();
    if (Boolean.getBoolean("chowder.update-docs")) Files.writeString(DOCUMENT, text);
    assertThat(DOCUMENT)
        .as("run this test with -Dchowder.update-docs=true, and read the difference")
        .hasContent(text);
  }

  @Test
  void everyReasonHasADescription() throws IOException {
    assertThat(DocumentedErrors.meanings(ApiDescriptors.read())).containsOnlyKeys(Reasons.all());
  }

  @Test
  void everyReasonIsDocumentedAtItsCalls() throws IOException {
    var api = ApiDescriptors.read();
    var documented = EnumSet.noneOf(Reason.class);
    for (var service : api.services()) {
      documented.addAll(DocumentedErrors.reasons(DocumentedErrors.common(service)));
      service.getMethods().stream()
          .map(DocumentedErrors::own)
          .forEach(errors -> documented.addAll(DocumentedErrors.reasons(errors)));
    }
    EnvoyErrors.all().forEach(reply -> documented.add(reply.reason()));
    // Returned for an instance's host name, which is not an RPC.
    documented.add(Reason.INSTANCE_NOT_RUNNING);
    // No caller of the API can see these two.
    documented.add(Reason.CANCELLED);
    documented.add(Reason.ORGANIZATION_NOT_FOUND);
    assertThat(documented).isEqualTo(Reasons.all());
  }
}

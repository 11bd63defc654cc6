package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that docs/REST.md and docs/OPERATOR.md match the protocol, and that the protocol states
 * every error.
 */
class RestDocumentTest {
  @Test
  void theDocumentsMatchTheProtocol() throws IOException {
    var api = ApiDescriptors.read();
    check("REST.md", RestDocument.ofCallers(api));
    check("OPERATOR.md", RestDocument.ofOperators(api));
  }

  private static void check(String name, String text) throws IOException {
    var document = Path.of("..", "docs", name);
    if (Boolean.getBoolean("chowder-tool.update-docs")) Files.writeString(document, text);
    assertThat(document)
        .as("run this test with -Dchowder-tool.update-docs=true, and read the difference")
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
    for (var service :
        Stream.concat(api.services().stream(), api.operatorServices().stream()).toList()) {
      documented.addAll(DocumentedErrors.reasons(DocumentedErrors.common(service)));
      service.getMethods().stream()
          .map(DocumentedErrors::own)
          .forEach(errors -> documented.addAll(DocumentedErrors.reasons(errors)));
    }
    EnvoyErrors.all().forEach(reply -> documented.add(reply.reason()));
    // Returned for an instance's host name, which is not an RPC.
    documented.add(Reason.INSTANCE_NOT_RUNNING);
    // No caller can see it.
    documented.add(Reason.CANCELLED);
    assertThat(documented).isEqualTo(Reasons.all());
  }
}

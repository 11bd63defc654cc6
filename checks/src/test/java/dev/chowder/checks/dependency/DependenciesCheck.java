package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.checks.CheckPrograms;
import dev.chowder.checks.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks the licences of the packages that ship with Chowder, and the vulnerabilities that OSV
 * lists for them (docs/adr/0018). Without a connection to OSV, vulnerabilities are not looked up.
 * {@code CHOWDER_OSV_DATABASE} names a copy of OSV's database, which {@code osv-scanner
 * --offline-vulnerabilities --download-offline-databases --local-db-path FOLDER} creates. {@code
 * CHOWDER_OSV_REQUIRED=yes} makes a missing lookup a failure.
 */
class DependenciesCheck {
  private static final Project PROJECT = Project.here();

  /** The name that {@code image/build} gives the newest image. */
  private static final String IMAGE = "chowder/sandbox-medium:latest";

  private static Path osvScanner;

  @TempDir private Path folder;

  @BeforeAll
  static void install() {
    osvScanner = CheckPrograms.osvScanner(PROJECT);
  }

  @Test
  void licencesAndVulnerabilitiesOfShippedPackagesAreAccepted() throws IOException {
    var packages = PackageLists.of(PROJECT);
    var database = set("CHOWDER_OSV_DATABASE").map(Path::of);
    var accepted = Accepted.read(PROJECT.file(".dependencies.json"));
    var ofImage = ImagePackages.of(set("CHOWDER_SANDBOX_IMAGE").orElse(IMAGE));
    var report =
        DependencyReport.of(
            packages, ofImage.orElse(List.of()), accepted, scanner(database), today());
    assertThat(report.problems()).isEmpty();
    System.out.printf("%d packages: their licences are allowed.%n", packages.size());
    if (report.notLookedUp().isPresent()) {
      System.out.printf(
          "Known vulnerabilities were NOT looked up: %s. Licences are still checked.%n",
          report.notLookedUp().get());
      assertThat(database).as("vulnerabilities were not looked up in the copy").isEmpty();
      assertThat(set("CHOWDER_OSV_REQUIRED")).as("a required lookup failed").isEmpty();
    } else {
      System.out.printf(
          "OSV%s lists no vulnerabilities except the accepted ones.%n",
          database.isPresent() ? ", in a copy of %s,".formatted(date(database.get())) : "");
      System.out.println(
          ofImage
              .map(all -> "Also for %d Debian packages of the sandbox image.".formatted(all.size()))
              .orElse("Those of the image's Debian packages were NOT looked up: it is not built."));
      if (set("CHOWDER_OSV_REQUIRED").isPresent()) assertThat(ofImage).isPresent();
    }
  }

  @Test
  void plantedFindingsAreReported() throws IOException {
    var report = report(PlantedDatabase.in(folder));
    assertThat(report.notLookedUp()).isEmpty();
    assertThat(report.problems())
        .anyMatch(it -> it.startsWith("org.apache.logging.log4j:log4j-core 2.14.1: PLANTED-Maven"))
        .anyMatch(it -> it.startsWith("org.apache.logging.log4j:log4j-core 2.14.1: licence GPL-3"))
        .anyMatch(it -> it.startsWith("minimist 0.0.7: PLANTED-npm"))
        .anyMatch(it -> it.startsWith("openssl 0.0.7: PLANTED-Debian"))
        .anyMatch(it -> it.startsWith("minimist 0.0.7: licence unknown"))
        .anyMatch(it -> it.startsWith("planted:over: licence GPL-3.0-only was accepted until 2020"))
        .anyMatch(
            it -> it.startsWith("planted:unused: PLANTED-Maven is accepted and was not found"))
        .anyMatch(it -> it.startsWith("planted:silent: licence GPL-3.0-only is accepted without a"))
        .hasSize(8);
  }

  @Test
  void aDatabaseWithoutTheVulnerabilitiesOfNpmIsNotTrusted() throws IOException {
    var database = PlantedDatabase.in(folder);
    Files.delete(database.resolve("osv-scalibr/npm/all.zip"));
    assertThat(report(database).notLookedUp()).isPresent();
  }

  private DependencyReport report(Path database) {
    var packages =
        List.of(
            new ShippedPackage(
                "Maven", "org.apache.logging.log4j:log4j-core", "2.14.1", List.of("GPL-3.0-only")),
            new ShippedPackage("npm", "minimist", "0.0.7", List.of()));
    var accepted =
        new Accepted(
            Map.of("Apache-2.0", "ours"),
            List.of(
                new Accepted.Entry("planted:over", "licence GPL-3.0-only", "2020-01-01", "planted"),
                new Accepted.Entry("planted:unused", "PLANTED-Maven", "2099-12-31", "planted"),
                new Accepted.Entry("planted:silent", "licence GPL-3.0-only", "2099-12-31", null)));
    var ofImage = List.of(new ShippedPackage("Debian:13", "openssl", "0.0.7", List.of()));
    return DependencyReport.of(
        packages, ofImage, accepted, scanner(Optional.of(database)), today());
  }

  private OsvScanner scanner(Optional<Path> database) {
    var seconds = set("CHOWDER_OSV_SECONDS").map(Integer::parseInt).orElse(120);
    return new OsvScanner(osvScanner, database, Duration.ofSeconds(seconds), folder);
  }

  private static LocalDate date(Path database) throws IOException {
    var part = database.resolve("osv-scalibr/Maven/all.zip");
    return LocalDate.ofInstant(Files.getLastModifiedTime(part).toInstant(), ZoneOffset.UTC);
  }

  private static LocalDate today() {
    return LocalDate.now(ZoneOffset.UTC);
  }

  private static Optional<String> set(String variable) {
    return Optional.ofNullable(System.getenv(variable)).filter(value -> !value.isEmpty());
  }
}

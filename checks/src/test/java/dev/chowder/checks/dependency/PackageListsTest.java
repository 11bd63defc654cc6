package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PackageListsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ShippedPackage JAR = one("Maven", "org.example:lib", "1.0");

  private static ShippedPackage one(String ecosystem, String name, String version) {
    return new ShippedPackage(ecosystem, name, version, List.of("MIT"));
  }

  @Test
  void packagesOfMavenHaveTheirGroupAndLicences() throws IOException {
    var list =
        """
        {"components": [
          {"group": "dev.chowder", "name": "chowder-base", "version": "1"},
          {"group": "a", "name": "b", "version": "1.0", "licenses": [
            {"license": {"id": "MIT"}}, {"license": {"name": "Own"}}, {"expression": "A OR B"}]},
          {"group": "c", "name": "d", "version": "2.0"}]}
        """;
    assertThat(PackageLists.maven(JSON.readTree(list)))
        .containsExactly(
            new ShippedPackage("Maven", "a:b", "1.0", List.of("MIT", "Own", "A OR B")),
            new ShippedPackage("Maven", "c:d", "2.0", List.of()));
  }

  @Test
  void packagesOfNpmAreFoundAtEachDepth() throws IOException {
    var list =
        """
        {"packages": {
          "": {"version": "0"},
          "node_modules/a/node_modules/@b/c": {"version": "1.0", "license": "ISC"},
          "node_modules/d": {"version": "2.0", "license": {"type": "MIT"}},
          "node_modules/e": {"version": "3.0"}}}
        """;
    assertThat(PackageLists.npm(JSON.readTree(list)))
        .containsExactly(
            new ShippedPackage("npm", "@b/c", "1.0", List.of("ISC")),
            new ShippedPackage("npm", "d", "2.0", List.of("{\"type\":\"MIT\"}")),
            new ShippedPackage("npm", "e", "3.0", List.of()));
  }

  @Test
  void aPackageWhoseJarDoesNotShipIsLeftOut() {
    var npm = one("npm", "a", "1.0");
    var absent = one("Maven", "org.example:other", "1.0");
    assertThat(PackageLists.shipped(List.of(JAR, absent, npm), List.of("lib-1.0-linux.jar")))
        .containsExactly(JAR, npm);
  }

  @Test
  void aJarOfNoPackageIsAnError() {
    assertThatThrownBy(() -> PackageLists.shipped(List.of(JAR), List.of("lib-1.0.jar", "x-2.jar")))
        .hasMessage("cannot list the packages: no package is known for x-2.jar");
  }
}

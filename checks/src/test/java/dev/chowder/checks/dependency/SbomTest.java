package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class SbomTest {
  @Test
  void theDocumentHasTheRuntimeAndAllPackages() throws IOException {
    var packages =
        List.of(
            new ShippedPackage("npm", "@a/b", "1.0", List.of("MIT")),
            new ShippedPackage("Maven", "org.c:d", "2~x y", List.of()));
    assertThat(Sbom.printed(Sbom.cyclonedx(packages, "0.1", "25.0.1")))
        .isEqualTo(
            """
            {
              "bomFormat": "CycloneDX",
              "specVersion": "1.6",
              "version": 1,
              "metadata": {
                "component": {
                  "type": "application",
                  "name": "chowder",
                  "version": "0.1",
                  "bom-ref": "chowder"
                }
              },
              "components": [
                {
                  "type": "platform",
                  "name": "OpenJDK",
                  "version": "25.0.1",
                  "purl": "pkg:generic/openjdk@25.0.1",
                  "bom-ref": "openjdk",
                  "licenses": [
                    {
                      "license": {
                        "id": "GPL-2.0-with-classpath-exception"
                      }
                    }
                  ]
                },
                {
                  "type": "library",
                  "name": "@a/b",
                  "version": "1.0",
                  "purl": "pkg:npm/%40a/b@1.0",
                  "bom-ref": "pkg:npm/%40a/b@1.0",
                  "licenses": [
                    {
                      "license": {
                        "name": "MIT"
                      }
                    }
                  ]
                },
                {
                  "type": "library",
                  "name": "org.c:d",
                  "version": "2~x y",
                  "purl": "pkg:maven/org.c/d@2~x%20y",
                  "bom-ref": "pkg:maven/org.c/d@2~x%20y",
                  "licenses": []
                }
              ]
            }
            """);
  }
}

package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OsvScannerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ShippedPackage OURS = new ShippedPackage("npm", "a", "1", List.of());

  private static final String UNREPAIRED = "0";

  @TempDir private Path folder;

  private static JsonNode output(List<ShippedPackage> vulnerable) {
    var output = JSON.createObjectNode();
    var packages = output.putArray("results").addObject().putArray("packages");
    for (var one : vulnerable) {
      var found = packages.addObject();
      found
          .putObject("package")
          .put("name", one.name())
          .put("version", one.version())
          .put("ecosystem", one.ecosystem());
      found.putArray("groups").addObject().putArray("ids").add("CVE-1").add("GHSA-1");
      var vulnerability = found.putArray("vulnerabilities").addObject();
      vulnerability.put("id", "CVE-1").put("summary", "leaks");
      var affected = vulnerability.putArray("affected").addObject();
      affected.putObject("package").put("name", one.name()).put("ecosystem", one.ecosystem());
      if (one.version().equals(UNREPAIRED)) continue;
      affected.putArray("ranges").addObject().putArray("events").addObject().put("fixed", "9");
    }
    return output;
  }

  @Test
  void findingsOfControlsAreNotReported() {
    var vulnerable = new ArrayList<>(OsvScanner.CONTROLS);
    assertThat(OsvScanner.answer(output(vulnerable), List.of(OURS)))
        .isEqualTo(new OsvScanner.Answer.LookedUp(List.of()));
    vulnerable.add(OURS);
    assertThat(OsvScanner.answer(output(vulnerable), List.of(OURS)))
        .isEqualTo(
            new OsvScanner.Answer.LookedUp(List.of(new Finding("a", "1", "CVE-1", "leaks"))));
  }

  @Test
  void debianPackagesWithoutARepairAreNotReported() {
    var curl = new ShippedPackage("Debian:13", "curl", "8", List.of());
    var git = new ShippedPackage("Debian:13", "git", UNREPAIRED, List.of());
    var vulnerable = new ArrayList<>(OsvScanner.CONTROLS);
    vulnerable.addAll(List.of(curl, git));
    assertThat(OsvScanner.answer(output(vulnerable), List.of(curl, git)))
        .isEqualTo(
            new OsvScanner.Answer.LookedUp(List.of(new Finding("curl", "8", "CVE-1", "leaks"))));
  }

  @Test
  void aResultWithoutEachControlIsNotTrusted() {
    for (int missing = 0; missing < OsvScanner.CONTROLS.size(); missing++) {
      var vulnerable = new ArrayList<>(OsvScanner.CONTROLS);
      vulnerable.remove(missing);
      assertThat(OsvScanner.answer(output(vulnerable), List.of(OURS)))
          .isInstanceOf(OsvScanner.Answer.NotLookedUp.class);
    }
  }

  @Test
  void aFailureOfTheScannerIsTheReason() throws IOException {
    var program = Files.writeString(folder.resolve("scanner"), "#!/bin/sh\necho planted; exit 127");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    Files.createDirectories(folder.resolve("database/osv-scalibr"));
    var database = Optional.of(folder.resolve("database"));
    var scanner = new OsvScanner(program, database, Duration.ofSeconds(10), folder);
    assertThat(scanner.query(List.of(OURS)))
        .isEqualTo(new OsvScanner.Answer.NotLookedUp("osv-scanner ended with 127: planted"));
  }

  @Test
  void theFolderOfTheDatabaseMustHaveItsForm() {
    var scanner = new OsvScanner(folder, Optional.of(folder), Duration.ofSeconds(10), folder);
    assertThatThrownBy(() -> scanner.query(List.of(OURS)))
        .hasMessageStartingWith("CHOWDER_OSV_DATABASE: must be a folder with osv-scalibr");
  }
}

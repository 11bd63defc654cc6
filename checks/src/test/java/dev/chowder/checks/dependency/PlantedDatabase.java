package dev.chowder.checks.dependency;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A copy of OSV's database with a vulnerability of each control. */
final class PlantedDatabase {
  private static final ObjectMapper JSON = new ObjectMapper();

  private PlantedDatabase() {}

  /** Writes the database. Each vulnerability also has the version 0.0.7. */
  static Path in(Path folder) throws IOException {
    var database = folder.resolve("database");
    for (var control : OsvScanner.CONTROLS) {
      var part = Files.createDirectories(database.resolve("osv-scalibr/" + name(control)));
      try (var zip = new ZipOutputStream(Files.newOutputStream(part.resolve("all.zip")))) {
        zip.putNextEntry(new ZipEntry("planted.json"));
        zip.write(vulnerability(control));
      }
    }
    return database;
  }

  private static byte[] vulnerability(ShippedPackage control) throws IOException {
    var vulnerability =
        JSON.createObjectNode()
            .put("id", "PLANTED-" + name(control))
            .put("modified", "2026-01-01T00:00:00Z");
    var affected = vulnerability.putArray("affected").addObject();
    affected.putObject("package").put("ecosystem", control.ecosystem()).put("name", control.name());
    affected.putArray("versions").add(control.version()).add("0.0.7");
    var range = affected.putArray("ranges").addObject().put("type", "ECOSYSTEM");
    var events = range.putArray("events");
    events.addObject().put("introduced", "0");
    events.addObject().put("fixed", "999999");
    return JSON.writeValueAsBytes(vulnerability);
  }

  /** Returns the name of the ecosystem without the release. */
  private static String name(ShippedPackage control) {
    return control.ecosystem().replaceFirst(":.*", "");
  }
}

package dev.chowder.checks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/** Unpacks the protos of Google and of protovalidate from the jars that the build uses. */
final class ThirdPartyProtos {
  /** A file of each jar on the class path, and the folders or files to unpack. */
  private static final Map<String, List<String>> PARTS =
      Map.of(
          "google/api/annotations.proto",
          List.of("google/api", "google/rpc", "google/type", "google/longrunning"),
          "buf/validate/validate.proto",
          List.of("buf/validate/validate.proto"));

  private ThirdPartyProtos() {}

  /** Unpacks the files, and replaces existing ones. */
  static void unpackTo(Path folder) {
    PARTS.forEach((file, parts) -> unpack(file, parts, folder));
  }

  private static void unpack(String file, List<String> parts, Path folder) {
    var resource = ThirdPartyProtos.class.getClassLoader().getResource(file);
    if (resource == null) throw new IllegalStateException("no jar on the class path has " + file);
    try {
      var text = resource.toURI().toString();
      // jar:file:PATH!/FILE
      var jar = URI.create(text.substring(0, text.lastIndexOf('!')).substring("jar:".length()));
      try (var content = FileSystems.newFileSystem(Path.of(jar))) {
        for (var part : parts) copy(content.getPath(part), folder);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static void copy(Path part, Path folder) throws IOException {
    try (var files = Files.walk(part)) {
      for (var file : files.filter(one -> one.toString().endsWith(".proto")).toList()) {
        var target = folder.resolve(file.toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}

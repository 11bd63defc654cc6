package dev.chowder.checks.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Copies parts of this process's class path, for programs that run elsewhere. */
public final class ClassFiles {
  private ClassFiles() {}

  /**
   * Copies the jars or folders that have these classes into a folder.
   *
   * @param classes names of classes, which may be private to their packages
   * @return the names of the copies in the folder
   */
  public static List<String> copy(Path folder, String... classes) {
    var names = new ArrayList<String>();
    try {
      Files.createDirectories(folder);
      for (var name : classes) {
        var from = place(name.replace('.', '/') + ".class");
        var copy = names.size() + "-" + Objects.requireNonNull(from.getFileName());
        copyAll(from, folder.resolve(copy));
        names.add(copy);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return names;
  }

  private static Path place(String resource) throws IOException {
    var found = ClassFiles.class.getClassLoader().getResource(resource);
    if (found == null) throw new IllegalStateException("not on the class path: " + resource);
    try {
      if (found.openConnection() instanceof JarURLConnection jar) {
        return Path.of(jar.getJarFileURL().toURI());
      }
      var text = found.toString();
      return Path.of(URI.create(text.substring(0, text.length() - resource.length())));
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static void copyAll(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (var file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}

package dev.chowder.server.node;

import dev.chowder.base.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Copies and deletes folders with their content. */
final class Folders {
  private Folders() {}

  static void copy(Path from, Path to) throws IOException {
    try (var paths = Files.walk(from)) {
      for (var path : paths.toList()) {
        var target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) Files.createDirectories(target);
        else Files.copy(path, target);
      }
    }
  }

  static void delete(Path root) throws IOException {
    FileTree.remove(root);
  }
}

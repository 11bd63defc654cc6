package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTreeTest {
  @TempDir private Path folder;

  @Test
  void aTreeIsRemovedButNotTheTargetOfALink() throws IOException {
    var kept = Files.createDirectory(folder.resolve("kept"));
    Files.createFile(kept.resolve("file"));
    var tree = folder.resolve("tree");
    Files.createDirectories(tree.resolve("inner"));
    Files.createFile(tree.resolve("inner/file"));
    Files.createSymbolicLink(tree.resolve("link"), kept);
    Files.createSymbolicLink(tree.resolve("broken"), folder.resolve("missing"));
    FileTree.remove(tree);
    assertThat(tree).doesNotExist();
    assertThat(kept.resolve("file")).exists();
  }

  @Test
  void aMissingTreeIsNoError() throws IOException {
    FileTree.remove(folder.resolve("missing"));
    assertThat(folder).isEmptyDirectory();
  }
}

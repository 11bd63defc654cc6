package dev.chowder.checks.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.program.Program;
import java.io.File;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassFilesTest {
  @TempDir private Path folder;

  /** Runs with the copies only. */
  public static void main(String[] args) {
    System.out.println(Program.of("echo", "copied").run().text());
  }

  @Test
  void aProgramRunsWithTheCopiesOfItsClasses() {
    var names = ClassFiles.copy(folder, ClassFilesTest.class.getName(), Program.class.getName());
    var classPath =
        names.stream()
            .map(name -> folder.resolve(name).toString())
            .collect(Collectors.joining(File.pathSeparator));
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var result =
        Program.of(java, "-cp", classPath, "dev.chowder.checks.guest.ClassFilesTest").run();
    assertThat(result.text()).isEqualTo("copied");
  }

  @Test
  void aClassOfAJarIsCopied() {
    assertThat(ClassFiles.copy(folder, "org.junit.jupiter.api.Test").getFirst()).endsWith(".jar");
  }

  @Test
  void aMissingClassIsAnError() {
    assertThatThrownBy(() -> ClassFiles.copy(folder, "a.Missing"))
        .isInstanceOf(IllegalStateException.class);
  }
}

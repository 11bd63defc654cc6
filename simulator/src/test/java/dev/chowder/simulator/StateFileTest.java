package dev.chowder.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.chowder.base.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {
  @TempDir private Path folder;

  @Test
  void anotherProcessReadsTheLastWrittenValue() {
    var one = file("value");
    var other = file("value");
    one.write("first");
    assertThat(other.read()).contains("first");
    other.write("second");
    assertThat(one.read()).contains("second");
    one.clear();
    assertThat(other.read()).isEmpty();
  }

  /** Another process removes the folder of a deleted sandbox. */
  @Test
  void thereIsNoValueInARemovedFolder() throws IOException {
    var file = file("sandbox/value");
    Files.createDirectory(folder.resolve("sandbox"));
    file.write("before");
    FileTree.remove(folder.resolve("sandbox"));
    file.write("after");
    assertThat(file.get()).isEmpty();
    assertThat(file.read()).isEmpty();
    Files.createDirectory(folder.resolve("sandbox"));
    assertThat(file.read()).isEmpty();
    file.write("again");
    assertThat(file.read()).contains("again");
  }

  private StateFile<String> file(String name) {
    return new StateFile<>(Optional.of(folder.resolve(name)), new TypeReference<>() {});
  }
}

package dev.chowder.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RootTest {
  @Test
  void theFoldersOfAdministratorsAreSearched() {
    var root = new Root(List.of());
    assertThat(root.run("sh", "-c", "echo $PATH").run().text()).endsWith(":/usr/sbin:/sbin");
  }

  @Test
  void variablesReachTheProgramAlsoIfThePrefixRemovesThem() {
    var program = Program.of("sh", "-c", "echo $GIVEN").with("GIVEN", "a b");
    assertThat(new Root(List.of("env", "-i")).run(program).run().text()).isEqualTo("a b");
  }

  @Test
  void aProgramOfAdministratorsIsFound() {
    assertThat(DebianPackages.has("sh")).isTrue();
    assertThat(DebianPackages.has("no-such-program")).isFalse();
  }
}

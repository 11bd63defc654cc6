package dev.chowder.operate.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InotifyLimitTest {
  /** May write the file of the test, as root may write that of the kernel. */
  private static final Optional<Root> ROOT = Optional.of(new Root(List.of()));

  @TempDir private Path folder;
  private final List<String> said = new ArrayList<>();

  private Path limit(String value, Optional<Root> root) throws IOException {
    var file = Files.writeString(folder.resolve("max_user_instances"), value);
    new InotifyLimit(file, () -> root, said::add).ensure();
    return file;
  }

  @Test
  void aLowLimitIsRaisedAndTheOperatorIsTold() throws IOException {
    assertThat(limit("128\n", ROOT)).hasContent("8192");
    assertThat(said).singleElement().asString().contains("from 128 to 8192");
  }

  @Test
  void aHigherLimitStays() throws IOException {
    assertThat(limit("65536\n", ROOT)).hasContent("65536");
    assertThat(said).isEmpty();
  }

  @Test
  void anOperatorWithoutRootGetsAWarning() throws IOException {
    assertThat(limit("128\n", Optional.empty())).hasContent("128");
    assertThat(said)
        .singleElement()
        .asString()
        .contains("WARNING", "sysctl -w fs.inotify.max_user_instances=8192");
  }

  @Test
  void aHostThatDoesNotAcceptItGetsAWarning() throws IOException {
    var refuses = new Root(List.of("false"));
    assertThat(limit("128\n", Optional.of(refuses))).hasContent("128");
    assertThat(said).singleElement().asString().contains("WARNING");
  }
}

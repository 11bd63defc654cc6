package dev.chowder.envoy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.program.DebianPackages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvoyProgramTest {
  @TempDir private Path folder;
  private final Map<String, String> variables = new HashMap<>();
  private final List<String> said = new ArrayList<>();
  private Path pinned = Path.of("");

  /** An installation that has downloaded the pinned version. */
  @BeforeEach
  void download() throws IOException {
    pinned = program("cache/envoy/" + EnvoyProgram.VERSION, "exit 1");
  }

  @Test
  void theChosenProgramComesFirst() throws IOException {
    var chosen = program("chosen", "exit 1");
    variables.put("ENVOY_BIN", chosen.toString());
    putOnPath(says("1.99.0"));
    assertThat(ensure(Optional.of(pinned))).isEqualTo(chosen);
  }

  @Test
  void aChosenFileThatIsNoProgramIsRejected() {
    variables.put("ENVOY_BIN", folder.toString());
    assertThatThrownBy(() -> ensure(Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("ENVOY_BIN: must be an executable file; got " + folder);
  }

  @Test
  void aReleaseUsesItsOwn() throws IOException {
    var own = program("release", "exit 1");
    putOnPath(says("1.99.0"));
    assertThat(ensure(Optional.of(own))).isEqualTo(own);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.40.0", "1.40.1", "1.100.0", "2.0.0"})
  void aNewEnoughProgramOnThePathIsUsed(String version) throws IOException {
    putOnPath(says(version));
    assertThat(ensure(Optional.empty())).isEqualTo(folder.resolve("path/envoy"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"echo version: a/1.39.9/Clean/RELEASE/x", "echo nothing", "exit 1"})
  void anOldOrUnknownProgramOnThePathIsNotUsed(String script) throws IOException {
    putOnPath(script);
    assertThat(ensure(Optional.empty())).isEqualTo(pinned);
  }

  @Test
  void thePinnedProgramIsDownloadedOnce() {
    assertThat(ensure(Optional.empty())).isEqualTo(pinned);
    assertThat(said).isEmpty();
  }

  @Test
  void aWrongTimeLimitIsRejectedBeforeADownload() throws IOException {
    Files.delete(pinned);
    variables.put("CHOWDER_ENVOY_FETCH_SECONDS", "long");
    assertThatThrownBy(() -> ensure(Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("CHOWDER_ENVOY_FETCH_SECONDS: must be");
  }

  private Path ensure(Optional<Path> released) {
    return new EnvoyProgram(
            variables, folder.resolve("cache"), released, new DebianPackages(folder), said::add)
        .ensure();
  }

  private void putOnPath(String script) throws IOException {
    var _ = program("path", script);
    variables.put("PATH", folder + "/none:" + folder.resolve("path"));
  }

  private static String says(String version) {
    return "echo 'envoy  version: 0123abc/" + version + "/Clean/RELEASE/BoringSSL'";
  }

  private Path program(String name, String script) throws IOException {
    var file = Files.createDirectories(folder.resolve(name)).resolve("envoy");
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }
}

package dev.chowder.operate.site;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.envoy.EnvoyVariable;
import dev.chowder.settings.SettingNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests that commands know all variables of Chowder's programs. */
class VariableNamesTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern NAME = Pattern.compile("CHOWDER_[A-Z0-9_]*[A-Z0-9]\\b");

  /** The programs, without tests and documents. */
  private static final Pattern PROGRAMS =
      Pattern.compile(
          "[a-z-]+/src/main/.*|(bench/agents|deploy|image|scripts)/.*|envoy/envoy\\.yaml");

  private static final Pattern BUILT = Pattern.compile("[a-z-]+/target/.*");

  @Test
  void aVariableThatNoProgramReadsIsNamedWithTheNearestOne() {
    assertThat(
            VariableNames.warnings(
                List.of("PATH", "CHOWDER_REST_PROT", "CHOWDER_REST_PORT", "CHOWDER_DRAIN")))
        .containsExactly(
            "WARNING: no program of Chowder reads the variable CHOWDER_DRAIN (nearest:"
                + " CHOWDER_BIND).",
            "WARNING: no program of Chowder reads the variable CHOWDER_REST_PROT (nearest:"
                + " CHOWDER_REST_PORT).");
  }

  @Test
  void variablesOfOtherProgramsAreNotNamed() {
    assertThat(
            VariableNames.warnings(
                List.of(
                    "CHOWDER_MODEL",
                    "CHOWDER_FAKE_BOOT_TIME",
                    "CHOWDER_TEST_HOME",
                    "CHOWDER_ENVOY_MAX_HEAP_BYTES",
                    "CHOWDER_TLS_CA")))
        .isEmpty();
  }

  @Test
  void eachVariableOfAProgramIsKnown() throws IOException {
    var read = new TreeSet<String>();
    for (var file : programs()) {
      NAME.matcher(Files.readString(file, StandardCharsets.ISO_8859_1))
          .results()
          .forEach(match -> read.add(match.group()));
    }
    assertThat(read).hasSizeGreaterThan(100);
    assertThat(VariableNames.warnings(read)).isEmpty();
    read.removeAll(SettingNames.variables());
    read.removeAll(Stream.of(EnvoyVariable.values()).map(EnvoyVariable::name).toList());
    assertThat(read).containsAll(listedNames());
  }

  private static Set<String> listedNames() {
    var names = new TreeSet<>(VariableNames.listed());
    assertThat(names).hasSameSizeAs(VariableNames.listed());
    names.removeIf(name -> name.endsWith("_"));
    return names;
  }

  private static boolean isProgram(String path) {
    return PROGRAMS.matcher(path).matches() && !BUILT.matcher(path).matches();
  }

  private static List<Path> programs() throws IOException {
    try (var files = Files.walk(ROOT)) {
      return files
          .filter(file -> isProgram(ROOT.relativize(file).toString()))
          .filter(Files::isRegularFile)
          .toList();
    }
  }
}

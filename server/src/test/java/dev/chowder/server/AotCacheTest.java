package dev.chowder.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.AotCache.State;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Asks real JVMs, since {@code java.vm.info} is not specified. */
@Timeout(120)
class AotCacheTest {
  @TempDir private Path folder;

  /** Prints the state of its own JVM. */
  static final class Printer {
    private Printer() {}

    public static void main(String[] args) {
      var options = ManagementFactory.getRuntimeMXBean().getInputArguments();
      System.out.println(AotCache.state(options, System.getProperty("java.vm.info", "")));
    }
  }

  @Test
  void aJvmKnowsWhetherItLoadedACache() throws Exception {
    assertThat(run(List.of())).isEqualTo(State.NONE.name());
    var cache = folder.resolve("a.aot");
    assertThat(run(List.of("-XX:AOTCacheOutput=" + cache))).isEqualTo(State.NONE.name());
    assertThat(run(List.of("-XX:AOTCache=" + cache))).isEqualTo(State.LOADED.name());
    // The JVM accepts only the options with which the cache was recorded.
    assertThat(run(List.of("-XX:AOTCache=" + cache, "--enable-native-access=ALL-UNNAMED")))
        .isEqualTo(State.REJECTED.name());
    var broken = Files.writeString(folder.resolve("broken.aot"), "");
    assertThat(run(List.of("-XX:AOTCache=" + broken))).isEqualTo(State.REJECTED.name());
  }

  /** Returns the last line of the JVM's output, after its own messages. */
  private String run(List<String> options) throws IOException, InterruptedException {
    var jar = folder.resolve("printer.jar");
    if (!Files.exists(jar)) pack(jar);
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", jar.toString(), Printer.class.getName()));
    var output = folder.resolve("output");
    var process =
        new ProcessBuilder(command)
            .redirectOutput(output.toFile())
            .redirectError(folder.resolve("errors").toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    var lines = Files.readAllLines(output, UTF_8);
    return lines.stream()
        .filter(line -> line.matches("NONE|LOADED|REJECTED"))
        .findFirst()
        .orElse("");
  }

  /** Packs the classes into a jar, because a cache contains no classes of folders. */
  private static void pack(Path jar) throws IOException {
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (var type : List.of(Printer.class, AotCache.class, State.class)) {
        var name = type.getName().replace('.', '/') + ".class";
        out.putNextEntry(new ZipEntry(name));
        try (var in = type.getClassLoader().getResourceAsStream(name)) {
          in.transferTo(out);
        }
      }
    }
  }
}

package dev.chowder.installation.site;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that scripts and commands compute the same hashes of files. */
@Timeout(60)
class ContentKeyTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void aFolderHasTheHashOfScripts() throws IOException {
    for (var name : new String[] {"b/z", "b-c", "a B", "ä", "b/y/x", "\uff5e", "\ud83d\ude00"}) {
      var file = folder.resolve(name);
      Files.createDirectories(file.resolveSibling(""));
      Files.writeString(file, "content of " + name);
    }
    assertThat(ContentKey.of(ROOT, folder)).hasSize(16).isEqualTo(ofScripts(folder));
    var before = ContentKey.of(ROOT, folder);
    Files.move(folder.resolve("b-c"), folder.resolve("b-d"));
    assertThat(ContentKey.of(ROOT, folder)).isNotEqualTo(before).isEqualTo(ofScripts(folder));
  }

  @Test
  void filesOfTheProjectHaveTheHashOfScripts() {
    for (var name : new String[] {"image", "pom.xml", "scripts/lib"}) {
      var path = ROOT.resolve(name);
      assertThat(ContentKey.of(ROOT, path)).as(name).isEqualTo(ofScripts(path));
    }
  }

  private static String ofScripts(Path path) {
    return Program.of("bash", "-euc", ". \"$0/common.sh\"; content_key \"$1\"")
        .and(ROOT.resolve("scripts/lib").toString(), path.toString())
        .run()
        .text();
  }
}

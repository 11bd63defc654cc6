package dev.chowder.operate.site;

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
    for (var name :
        new String[] {"b/z", "b/y-c", "b/a B", "b/ä", "b/y/x", "b/\uff5e", "b/\ud83d\ude00"}) {
      var file = folder.resolve(name);
      Files.createDirectories(file.resolveSibling(""));
      Files.writeString(file, "content of " + name);
    }
    var before = ContentKey.of(folder, folder.resolve("b"));
    assertThat(before).hasSize(16).isEqualTo(ofScripts(folder, "b"));
    var copy = folder.resolveSibling(folder.getFileName() + "-moved");
    Files.move(folder, copy);
    assertThat(ContentKey.of(copy, copy.resolve("b")))
        .as("the hash in another clone")
        .isEqualTo(before)
        .isEqualTo(ofScripts(copy, "b"));
    Files.move(copy, folder);
    Files.move(folder.resolve("b/z"), folder.resolve("b/zz"));
    assertThat(ContentKey.of(folder, folder.resolve("b")))
        .isNotEqualTo(before)
        .isEqualTo(ofScripts(folder, "b"));
  }

  @Test
  void filesOfTheProjectHaveTheHashOfScripts() {
    for (var name : new String[] {"image", "pom.xml", "scripts/lib"}) {
      assertThat(ContentKey.of(ROOT, ROOT.resolve(name))).as(name).isEqualTo(ofScripts(ROOT, name));
    }
  }

  private static String ofScripts(Path folder, String name) {
    return Program.of("bash", "-euc", ". \"$0/common.sh\"; content_key \"$1\" \"$2\"")
        .and(ROOT.resolve("scripts/lib").toString(), folder.toString(), name)
        .run()
        .text();
  }
}

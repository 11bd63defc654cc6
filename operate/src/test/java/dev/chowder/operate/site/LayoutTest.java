package dev.chowder.operate.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests how a user enters commands in a clone and in a release. */
class LayoutTest {
  @TempDir private Path folder;

  @Test
  void aCloneHasScripts() {
    var clone = new Layout(folder, folder.resolve("cache/app/1"), folder, folder);
    assertThat(clone.isRelease()).isFalse();
    assertThat(clone.command("up --zram", Map.of())).isEqualTo("scripts/up --zram");
    assertThat(clone.command("down", Map.of())).isEqualTo("scripts/down");
    assertThat(clone.command("admin ls", Map.of())).isEqualTo("scripts/chowder admin ls");
    assertThat(clone.command("recover id", Map.of())).isEqualTo("scripts/chowder recover id");
  }

  @Test
  void aReleaseOnThePathIsCalledByItsName() throws IOException {
    var release = release("a release");
    var links = Files.createDirectories(folder.resolve("links"));
    Files.createSymbolicLink(links.resolve("chowder"), release.root().resolve("bin/chowder"));
    for (var path : new Path[] {release.root().resolve("bin"), links}) {
      assertThat(release.command("up", Map.of("PATH", "/none:%s:/bin".formatted(path))))
          .isEqualTo("chowder up");
    }
  }

  @Test
  void aReleaseThatIsNotOnThePathIsCalledByItsFile() throws IOException {
    var release = release("a release");
    var program = "'%s'".formatted(release.root().resolve("bin/chowder"));
    assertThat(release.isRelease()).isTrue();
    assertThat(release.command("down --purge", Map.of("PATH", "/none")))
        .isEqualTo(program + " down --purge");
    assertThat(release.command("up", Map.of())).isEqualTo(program + " up");
    // The first one on the PATH is another release.
    var other = release("other");
    var path = "%s:%s".formatted(other.root().resolve("bin"), release.root().resolve("bin"));
    assertThat(release.command("up", Map.of("PATH", path))).isEqualTo(program + " up");
  }

  private Layout release(String name) throws IOException {
    var root = folder.resolve(name);
    Files.createDirectories(root.resolve("bin"));
    Files.createDirectories(root.resolve("scripts"));
    Files.createFile(
        root.resolve("scripts/chowder"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Files.createSymbolicLink(root.resolve("bin/chowder"), Path.of("../scripts/chowder"));
    return new Layout(root, root.resolve("app"), root, folder);
  }
}

package dev.chowder.checks;

import static dev.chowder.checks.Ran.assertFound;
import static dev.chowder.checks.Ran.assertSucceeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks the style of the protocol with Buf, and its compatibility with the main branch or with the
 * commit that {@code CHOWDER_PROTO_BASE} names. {@code buf.yaml} lists an intended break ({@code
 * breaking: ignore_only}).
 */
class BufCheck {
  private static final String FIELD = "  string id = 1";

  @TempDir private static Path folder;
  private static Buf buf;
  private static Optional<Path> earlier;

  @BeforeAll
  static void unpack() {
    var project = Project.here();
    buf = Buf.install(project);
    var given = System.getenv().getOrDefault("CHOWDER_PROTO_BASE", "");
    earlier =
        new EarlierProtocol(project.root())
            .commit(given)
            .map(commit -> buf.unpackTo(folder.resolve("earlier"), commit));
    if (earlier.isEmpty()) {
      System.out.println(
          "Buf's breaking check is skipped: this clone has no commit to compare with. Run git fetch"
              + " --deepen=1 to get one.");
    }
  }

  @Test
  void theProtocolHasTheStyleOfBuf() {
    assertSucceeded(buf.run("lint", buf.protocol().toString()));
  }

  /** The planted field takes the comment of the next one. */
  @Test
  void aFieldWithoutACommentIsFound() throws IOException {
    var broken = buf.copyTo(Files.createDirectory(folder.resolve("uncommented")));
    edit(broken, FIELD, "  string planted = 999;\n" + FIELD);
    assertFound(buf.run("lint", broken.toString()), "Field \"id\" should have");
  }

  @Test
  void theProtocolIsCompatible() {
    earlier.ifPresent(then -> assertSucceeded(breaking(buf.protocol(), then)));
  }

  @Test
  void aDeletedFieldIsFound() throws IOException {
    if (earlier.isEmpty()) return;
    var broken = buf.copyTo(Files.createDirectory(folder.resolve("broken")));
    edit(broken, FIELD, "  // " + FIELD);
    assertFound(breaking(broken, earlier.get()), "field \"1\" with name \"id\"");
  }

  private static Program.Result breaking(Path now, Path then) {
    return buf.run("breaking", now.toString(), "--against", then.toString());
  }

  private static void edit(Path tree, String before, String after) throws IOException {
    var file = tree.resolve("src/main/proto/chowder/v1/instance.proto");
    var text = Files.readString(file);
    int at = text.indexOf(before);
    assertThat(at).isPositive();
    Files.writeString(file, text.substring(0, at) + after + text.substring(at + before.length()));
  }
}

package dev.chowder.bench;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** The image that all measured systems use. */
final class SandboxImage {
  private static final Duration BUILD_LIMIT = Duration.ofHours(1);
  private static final Duration COPY_LIMIT = Duration.ofMinutes(10);

  private final Checkout checkout;
  private final String name;

  /** Builds the image if it is missing. */
  SandboxImage(Checkout checkout) {
    this.checkout = checkout;
    var build = Program.of(checkout.root().resolve("image/build").toString());
    this.name = build.within(BUILD_LIMIT).run().text();
  }

  String name() {
    return name;
  }

  /**
   * Returns a folder with Node and OpenClaw of the image, so that {@code openclaw fleet}, which
   * runs on the host, has the same versions. Copies them once, and removes those of an earlier
   * image.
   */
  Path openclaw() throws IOException {
    var all = checkout.cache().resolve("bench");
    var folder = all.resolve("openclaw-" + name.substring(name.lastIndexOf(':') + 1));
    if (Files.isDirectory(folder)) return folder;
    var _ = Program.of("rm", "-rf", "--", all.toString()).within(COPY_LIMIT).run();
    var part = Files.createDirectories(all.resolve(folder.getFileName() + ".part"));
    var container = Program.of("docker", "create", name).run().text();
    try {
      var _ =
          Program.of("docker", "cp", container + ":/opt/openclaw/.", part.toString())
              .within(COPY_LIMIT)
              .run();
    } finally {
      var _ = Program.of("docker", "rm", container).run();
    }
    return Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
  }
}

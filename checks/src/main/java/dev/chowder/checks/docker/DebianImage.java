package dev.chowder.checks.docker;

import dev.chowder.base.Sha256;
import dev.chowder.checks.Project;
import dev.chowder.checks.WorkFolder;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * An image of Debian 13 with packages, made without a container registry. The cache keeps it.
 *
 * @param name of the image
 * @param packages with blanks between them
 */
public record DebianImage(String name, String packages) {
  private static final Duration LIMIT = Duration.ofMinutes(20);
  private static final int KEY_CHARACTERS = 16;

  /**
   * Imports the image into the engine.
   *
   * @throws IllegalStateException if it must be built and this user cannot be root
   */
  public void ensure(Project project) {
    var tar = project.cache().resolve("compose").resolve(key() + ".tar");
    if (!Files.exists(tar)) build(project, tar);
    var _ = Docker.run("import", tar.toString(), name);
  }

  private void build(Project project, Path tar) {
    System.out.println("Building the image " + name + " from Debian's packages ...");
    new DebianPackages(project.file("scripts/lib")).ensure("debootstrap", "debootstrap");
    var root = Root.find().orElseThrow(() -> new IllegalStateException("debootstrap needs root"));
    try (var work = WorkFolder.create("chowder-debian")) {
      Files.createDirectories(tar.resolveSibling("."));
      var system = work.path().resolve("root").toString();
      // An older debootstrap does not know the suite, so its script is named.
      var bootstrap =
          Program.of("debootstrap", "--variant=minbase", "--include=" + packages.replace(' ', ','))
              .and("--keyring=/usr/share/keyrings/debian-archive-keyring.gpg", "trixie", system)
              .and("http://deb.debian.org/debian", "/usr/share/debootstrap/scripts/sid");
      var _ = root.run(bootstrap.within(LIMIT)).run();
      var part = tar + ".part";
      var pack =
          Program.of("tar", "-C", system, "--numeric-owner", "--exclude=./dev/*")
              .and("--exclude=./proc/*", "--exclude=./sys/*")
              .and("--exclude=./var/cache/apt/archives/*.deb", "-cf", part, ".");
      var _ = root.run(pack.within(LIMIT)).run();
      var _ = root.run("chmod", "a+r", part).run();
      Files.move(Path.of(part), tar);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private String key() {
    return Sha256.hex(packages).substring(0, KEY_CHARACTERS);
  }
}

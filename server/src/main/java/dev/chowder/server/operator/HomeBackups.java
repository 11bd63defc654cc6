package dev.chowder.server.operator;

import dev.chowder.secret.SignedBackups;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes signed backups of the running node's database to {@code backups} in its state directory.
 */
public final class HomeBackups {
  private static final Logger LOG = LoggerFactory.getLogger(HomeBackups.class);
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSS'Z.gz'").withZone(ZoneOffset.UTC);

  private final SignedBackups backups;
  private final Path directory;
  private final InstantSource clock;

  public HomeBackups(SignedBackups backups, Path home, InstantSource clock) {
    this.backups = backups;
    this.directory = home.resolve("backups");
    this.clock = clock;
  }

  /**
   * Writes a consistent copy of the database, signed with the master key. Blocks.
   *
   * @return name of the file in {@code backups} in the state directory
   */
  public String backUp() {
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String name = NAME.format(clock.instant());
    var tables = backups.write(directory.resolve(name));
    LOG.info("backup made file={} tables={}", name, tables.size());
    return name;
  }
}

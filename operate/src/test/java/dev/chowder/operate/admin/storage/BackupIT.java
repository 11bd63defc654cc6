package dev.chowder.operate.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.operate.AdminProcess;
import dev.chowder.server.crash.HomeStorage;
import dev.chowder.server.crash.RecordedInstallation;
import dev.chowder.server.crash.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs {@code chowder admin backup} and {@code restore} on a stopped installation. A backup is
 * restored only with its master key and if the file is unaltered.
 */
class BackupIT {
  @TempDir private Path base;
  private Path home;
  private Path backup;

  @BeforeEach
  void makeInstallation() throws IOException {
    var recorded = RecordedInstallation.first();
    home = base.resolve("home");
    backup = base.resolve("backup");
    recorded.placeHome(home);
    recorded.placeH2(home);
    // A node migrates its file. A backup of an older schema is refused.
    ServerProcess.disarm(home);
    ServerProcess.start(home, new HomeStorage.File()).close();
  }

  @Test
  void anUnalteredBackupIsRestoredWithTheKeyThatSignedIt() throws IOException {
    succeeds(home, "backup", backup.toString());

    var other = empty("other", newKey());
    fails(other, "which signed it, is not here", "restore", backup.toString());
    var same = empty("same", Files.readString(home.resolve("master.key")));
    fails(same, "was altered", "restore", altered().toString());
    fails(same, "was altered", "restore", "--unsigned", altered().toString());
    fails(same, "it has no tag", "restore", cut().toString());
    for (var untouched : List.of(other, same)) {
      assertThat(untouched.resolve("data")).doesNotExist();
      assertThat(untouched.resolve("cluster-id")).doesNotExist();
    }

    var said = succeeds(same, "restore", backup.toString());

    assertThat(said).contains("signed by key", "instances: 5 rows");
    assertThat(same.resolve("cluster-id")).hasSameTextualContentAs(home.resolve("cluster-id"));
  }

  @Test
  void aBackupFromBeforeARotationIsRestoredWithTheKeptKey() throws IOException {
    succeeds(home, "backup", backup.toString());
    var rotated = empty("rotated", newKey());
    var kept = rotated.resolve("master.key.until-20261127T000000Z");
    secret(kept, Files.readString(home.resolve("master.key")));

    assertThat(succeeds(rotated, "restore", backup.toString())).contains("of " + kept);
  }

  @Test
  void withoutAMasterKeyABackupIsUnsignedOnDemandAndRestoredOnDemand() throws IOException {
    Files.delete(home.resolve("master.key"));
    fails(home, "cannot sign the backup: no master key", "backup", backup.toString());
    assertThat(backup).doesNotExist();
    succeeds(home, "backup", "--unsigned", backup.toString());

    var another = empty("another", newKey());
    fails(another, "it has no tag", "restore", backup.toString());

    assertThat(succeeds(another, "restore", "--unsigned", backup.toString()))
        .contains("nothing proves where this backup comes from", "instances: 5 rows");
  }

  private Path altered() throws IOException {
    var altered = base.resolve("altered");
    var bytes = Files.readAllBytes(backup);
    bytes[bytes.length / 2] ^= 1;
    return Files.write(altered, bytes);
  }

  private Path cut() throws IOException {
    var cut = Files.write(base.resolve("cut"), Files.readAllBytes(backup));
    try (var file = Files.newByteChannel(cut, StandardOpenOption.WRITE)) {
      file.truncate(file.size() - 1);
    }
    return cut;
  }

  /** Creates a home with a master key but without an installation. */
  private Path empty(String name, String key) throws IOException {
    var empty = Files.createDirectory(base.resolve(name));
    secret(empty.resolve("master.key"), key);
    return empty;
  }

  private static void secret(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private static String newKey() {
    var bytes = new byte[32];
    new SecureRandom().nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static String succeeds(Path home, String... arguments) throws IOException {
    var result = AdminProcess.run(home, Map.of(), arguments);
    assertThat(result.exit()).as(result.said()).isZero();
    return result.said();
  }

  private static void fails(Path home, String why, String... arguments) throws IOException {
    var result = AdminProcess.run(home, Map.of(), arguments);
    assertThat(result.exit()).as(result.said()).isEqualTo(1);
    assertThat(result.said()).contains(why).doesNotContain("Exception");
  }
}

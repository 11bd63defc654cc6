package dev.chowder.operate.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scripts of earlier versions wrote and read archives with GNU tar. */
class BackupArchiveTest {
  private static final String TAG = "chowder-backup 1 01234567 " + "a".repeat(64) + "\n";

  @TempDir private Path base;
  private Path files;
  private Path archive;
  private Path unpacked;

  @BeforeEach
  void createFiles() throws IOException {
    files = Files.createDirectory(base.resolve("files"));
    archive = base.resolve("archive");
    unpacked = Files.createDirectory(base.resolve("unpacked"));
    Files.writeString(files.resolve("cluster-id"), "tested");
    Files.write(files.resolve("database.gz"), new byte[100_000]);
  }

  @Test
  void tarReadsAnArchive() throws Exception {
    BackupArchive.write(files, List.of("database.gz", "cluster-id"), archive);
    Files.writeString(archive, TAG, StandardOpenOption.APPEND);
    run("tar", "-C", unpacked.toString(), "-xf", archive.toString());
    assertThat(names()).containsExactlyInAnyOrder("cluster-id", "database.gz");
    assertThat(unpacked.resolve("database.gz"))
        .hasSameBinaryContentAs(files.resolve("database.gz"));
    assertThat(unpacked.resolve("cluster-id")).hasContent("tested");
    for (var file : List.of(archive, unpacked.resolve("database.gz"))) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void anArchiveOfTarIsUnpacked() throws Exception {
    tar();
    Files.writeString(archive, TAG, StandardOpenOption.APPEND);
    assertThat(BackupArchive.unpack(archive, unpacked)).isTrue();
    assertThat(names()).containsExactlyInAnyOrder("cluster-id", "database.gz");
    assertThat(unpacked.resolve("database.gz"))
        .hasSameBinaryContentAs(files.resolve("database.gz"));
  }

  @Test
  void aFileThatALaterVersionAddsIsNoError() throws Exception {
    Files.writeString(files.resolve("later"), "x");
    tar();
    assertThat(BackupArchive.unpack(archive, unpacked)).isTrue();
  }

  @Test
  void anArchiveWithALinkIsNoBackup() throws Exception {
    Files.createSymbolicLink(files.resolve("organization-id"), Path.of("/etc/passwd"));
    tar();
    assertThat(BackupArchive.unpack(archive, unpacked)).isFalse();
  }

  @Test
  void anArchiveWithAHardLinkIsNoBackup() throws Exception {
    Files.createLink(files.resolve("organization-id"), files.resolve("cluster-id"));
    tar();
    assertThat(BackupArchive.unpack(archive, unpacked)).isFalse();
  }

  @Test
  void anArchiveWithAFolderIsNoBackup() throws Exception {
    Files.writeString(Files.createDirectory(files.resolve("folder")).resolve("file"), "x");
    tar();
    assertThat(BackupArchive.unpack(archive, unpacked)).isFalse();
  }

  @Test
  void anArchiveThatLeadsOutOfItsFolderIsNoBackup() throws Exception {
    Files.writeString(base.resolve("outside"), "x");
    run("tar", "-P", "-C", files.toString(), "-cf", archive.toString(), ".", "../outside");
    Files.delete(base.resolve("outside"));
    assertThat(BackupArchive.unpack(archive, unpacked)).isFalse();
    assertThat(base.resolve("outside")).doesNotExist();
  }

  @Test
  void anIncompleteArchiveIsNoBackup() throws Exception {
    Files.delete(files.resolve("cluster-id"));
    tar();
    assertThat(BackupArchive.unpack(archive, unpacked)).isFalse();
    Files.writeString(archive, "no archive");
    assertThat(BackupArchive.unpack(archive, unpacked)).isFalse();
    tar();
    Files.write(archive, Arrays.copyOf(Files.readAllBytes(archive), 50_000));
    assertThat(BackupArchive.unpack(archive, Files.createDirectory(base.resolve("other"))))
        .isFalse();
  }

  private void tar() throws Exception {
    run("tar", "-C", files.toString(), "-cf", archive.toString(), ".");
  }

  private List<String> names() throws IOException {
    try (var all = Files.list(unpacked)) {
      return all.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void run(String... command) throws Exception {
    var process =
        new ProcessBuilder(new ArrayList<>(List.of(command))).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
  }
}

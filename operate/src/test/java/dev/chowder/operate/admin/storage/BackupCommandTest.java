package dev.chowder.operate.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.AdminProcess;
import dev.chowder.operate.NodeFixture;
import dev.chowder.operate.Ran;
import dev.chowder.operate.SimulatedNode.Parts;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.operate.state.RunningNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The database of these backups is written by a running server, as the file {@code copy}. */
class BackupCommandTest extends NodeFixture {
  private static final String TAG = "chowder-backup 1 01234567 " + "a".repeat(64) + "\n";

  /** The key of these tests, which no output may have. */
  private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

  @TempDir private Path base;
  private RunningNode process;
  private final CountDownLatch began = new CountDownLatch(1);
  private CountDownLatch mayEnd = new CountDownLatch(0);
  private String copy = "rows\n";

  @BeforeEach
  void start() throws IOException {
    OwnerOnly.write(home.resolve("master.key"), KEY + "\n");
    Files.writeString(home.resolve("organization-id"), "organization\n");
    process = RunningNode.start(home, "server.pid", "java dev.chowder.server.Main");
    start(Parts.usual().withBackup(this::write));
  }

  @AfterEach
  void end() {
    process.close();
  }

  private String write() {
    began.countDown();
    try {
      assertThat(mayEnd.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
    OwnerOnly.createFolders(home.resolve("backups"));
    OwnerOnly.write(home.resolve("backups/made.gz"), copy);
    return "made.gz";
  }

  @Test
  void aRunningServerWritesTheDatabaseAndTheArchiveIsSignedHere() throws Exception {
    copy = "rows\n" + TAG;
    var file = base.resolve("backup");
    var ran = run("backup", file.toString());
    assertThat(ran.code()).as(ran.errors()).isZero();
    assertThat(ran.errors())
        .contains("Wrote the backup to " + file, "excludes the master key")
        .doesNotContain(KEY);
    assertThat(isSigned(file)).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    var unpacked = unpack(file);
    assertThat(unpacked.resolve("database.gz")).hasContent(copy);
    assertThat(unpacked.resolve("cluster-id")).hasContent("tested");
    assertThat(unpacked.resolve("organization-id")).hasContent("organization\n");
    assertThat(unpacked.resolve("master.key")).doesNotExist();
    assertThat(home.resolve("backups")).isEmptyDirectory();
    try (var left = Files.list(base)) {
      assertThat(left).containsExactlyInAnyOrder(file, unpacked);
    }
  }

  @Test
  void aCopyThatTheServerSignedStaysUnchanged() throws Exception {
    // The rows are compressed, so they may end in any byte.
    copy = "rows" + TAG;
    assertThat(run("backup", base.resolve("signed").toString()).code()).isZero();
    assertThat(unpack(base.resolve("signed")).resolve("database.gz")).hasContent(copy);
  }

  private static boolean isSigned(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1)
        .matches("(?s).*chowder-backup 1 [0-9a-f]{8} [0-9a-f]{64}\n");
  }

  @Test
  void anUnsignedBackupNeedsNoKey() throws Exception {
    Files.delete(home.resolve("master.key"));
    var rejected = run("backup", base.resolve("backup").toString());
    assertThat(rejected.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(rejected.errors()).contains("cannot sign the backup: no master key", "--unsigned");
    assertThat(base).isEmptyDirectory();
    var file = base.resolve("unsigned");
    assertThat(run("backup", "--unsigned", file.toString()).code()).isZero();
    assertThat(isSigned(file)).isFalse();
    assertThat(unpack(file).resolve("database.gz")).hasContent("rows\n");
  }

  @Test
  void theMasterKeyIsIncludedOnDemand() throws Exception {
    var ran = run("backup", "--with-master-key", base.resolve("backup").toString());
    assertThat(ran.code()).as(ran.errors()).isZero();
    assertThat(ran.errors()).contains("can read every secret").doesNotContain(KEY);
    assertThat(unpack(base.resolve("backup")).resolve("master.key")).hasContent(KEY + "\n");
    var both = run("backup", "--with-master-key", "--unsigned", base.resolve("b").toString());
    assertThat(both.code()).isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void aBackupReplacesNoFileAndNeedsAnInstallation() throws Exception {
    var file = Files.writeString(base.resolve("mine"), "mine");
    assertThat(run("backup", file.toString()).errors()).contains("FILE: must be a new file");
    assertThat(file).hasContent("mine");
    Files.delete(home.resolve("cluster-id"));
    var ran = run("backup", base.resolve("backup").toString());
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("CHOWDER_HOME: must be an installation");
  }

  /** Otherwise a copy of the database, and perhaps of the master key, would stay on the disk. */
  @Test
  void aBackupThatIsInterruptedLeavesNoFiles() throws Exception {
    mayEnd = new CountDownLatch(1);
    var port = String.valueOf(settings().get("chowder.operator.port"));
    var command =
        AdminProcess.start(
            home, Map.of("CHOWDER_OPERATOR_PORT", port), "backup", base.resolve("b").toString());
    try {
      assertThat(began.await(60, TimeUnit.SECONDS)).isTrue();
      try (var files = Files.list(base)) {
        assertThat(files)
            .singleElement()
            .satisfies(
                work -> assertThat(work.getFileName().toString()).startsWith(".chowder-backup."));
      }
      assertThat(command.toHandle().destroy()).isTrue();
      assertThat(command.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(base).isEmptyDirectory();
    } finally {
      mayEnd.countDown();
      command.destroyForcibly();
    }
  }

  @Test
  void aServerThatDoesNotAnswerMakesNoBackup() {
    nodes.getFirst().close();
    var ran = run("backup", base.resolve("backup").toString());
    assertThat(ran.code()).isEqualTo(ExitCode.UNAVAILABLE.number());
    assertThat(base).isEmptyDirectory();
  }

  @Test
  void aRestoreAMigrationAndAMoveNeedAStoppedServer() throws Exception {
    var file = base.resolve("backup");
    assertThat(run("backup", file.toString()).code()).isZero();
    var url = "jdbc:postgresql://localhost:1/x";
    for (var command :
        new String[][] {{"restore", file.toString()}, {"migrate"}, {"move-to-postgresql", url}}) {
      var ran = run(command);
      assertThat(ran.code()).as(ran.errors()).isEqualTo(ExitCode.CONFLICT.number());
      assertThat(ran.errors()).contains("the server is running: run \"chowder down\" before a ");
    }
  }

  @Test
  void aRestoreChecksTheIdentityAndTheMasterKey() throws Exception {
    var file = base.resolve("backup");
    assertThat(run("backup", "--with-master-key", file.toString()).code()).isZero();
    process.close();
    Files.delete(home.resolve("cluster-id"));
    var other =
        Ran.of(Map.of("CHOWDER_CLUSTER_ID", "x"), settings(), "", "restore", file.toString());
    assertThat(other.errors())
        .contains("CHOWDER_CLUSTER_ID: must be unset or tested, as in the backup; got x");
    var key = home.resolve("master.key");
    Files.move(key, home.resolve("master.key.until-20261127T000000Z"));
    OwnerOnly.write(key, "another");
    var conflict = run("restore", "--unsigned", file.toString());
    assertThat(conflict.errors()).doesNotContain(KEY);
    assertThat(conflict.code()).isNotZero();
    assertThat(run("restore", base.resolve("none").toString()).errors())
        .contains("FILE: must be a backup of \"chowder admin backup\"", "does not exist");
  }

  /** The operator may have forgotten the URL of the database. */
  @Test
  void aDatabaseThatDoesNotExistIsNeitherCopiedNorCreated() {
    process.close();
    for (var command :
        new String[][] {
          {"backup", base.resolve("backup").toString()},
          {"move-to-postgresql", "jdbc:postgresql://localhost:1/x"}
        }) {
      var ran = run(command);
      assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
      assertThat(ran.errors()).contains("CHOWDER_STORAGE_URL: must be", "chowder.mv.db");
    }
    assertThat(base).isEmptyDirectory();
    assertThat(home.resolve("data")).doesNotExist();
  }

  /** Otherwise an operator who forgot the URL would assume that the real database is migrated. */
  @Test
  void onlyPostgreSqlIsMigrated() {
    process.close();
    var ran = run("migrate");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors())
        .contains("CHOWDER_STORAGE_URL: must be the URL of a PostgreSQL")
        .doesNotContain("The database is at this version");
    assertThat(home.resolve("data")).doesNotExist();
  }

  @Test
  void aWrongFileIsAnErrorOfTheCaller() throws Exception {
    var key = home.resolve("master.key");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertWrongFile(settings(), "cannot use the master key file " + key);
    OwnerOnly.write(key, "short");
    assertWrongFile(settings(), "master key: must be 32 bytes in base64");
    OwnerOnly.write(key, KEY);
    var settings = new HashMap<>(settings());
    settings.put("chowder.storage.password-file", "/nonexistent/password");
    assertWrongFile(settings, "chowder.storage.password-file: must be a readable file");
    Files.delete(home.resolve("cluster-id"));
    Files.createDirectory(home.resolve("cluster-id"));
    assertWrongFile(settings(), "cannot read " + home.resolve("cluster-id"));
  }

  private void assertWrongFile(Map<String, Object> settings, String message) {
    var ran = Ran.of(Map.of(), settings, "", "backup", base.resolve("backup").toString());
    assertThat(ran.errors()).contains("chowder: " + message);
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
  }

  /** It would keep running after the command. */
  @Test
  void aWrongArgumentStartsNoPrivatePostgreSql() throws Exception {
    Files.createDirectories(home.resolve("postgres/data"));
    var existing = Files.writeString(base.resolve("mine"), "mine").toString();
    var missing = base.resolve("none").toString();
    for (var command :
        new String[][] {
          {"restore", missing},
          {"backup", existing},
          {"backup", "--unsigned", "--with-master-key", missing},
        }) {
      assertNothingStarted(Ran.of(Map.of(), settings(), "", command));
    }
    assertNothingStarted(
        Ran.of(Map.of("CHOWDER_STORAGE_SECONDS", "0"), settings(), "", "backup", missing));
  }

  private void assertNothingStarted(Ran ran) {
    assertThat(ran.code()).as(ran.errors()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors())
        .containsAnyOf("FILE: must be", "--unsigned: must", "_SECONDS: must be");
    assertThat(home.resolve("run/postgres.pid")).doesNotExist();
  }

  @Test
  void onlyAnH2FileIsMoved() {
    process.close();
    var settings = new HashMap<>(settings());
    settings.put("chowder.storage.url", "jdbc:postgresql://localhost:1/x");
    var ran =
        Ran.of(Map.of(), settings, "", "move-to-postgresql", "jdbc:postgresql://localhost:1/y");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("CHOWDER_STORAGE_URL: must be unset");
    var password = run("move-to-postgresql", "jdbc:postgresql://localhost:1/y?password=secret1");
    assertThat(password.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(password.errors()).contains("CHOWDER_STORAGE_PASSWORD").doesNotContain("secret1");
  }

  private Path unpack(Path file) throws Exception {
    var folder = Files.createDirectory(base.resolve(file.getFileName() + ".unpacked"));
    var tar =
        new ProcessBuilder("tar", "-C", folder.toString(), "-xf", file.toString())
            .redirectErrorStream(true)
            .start();
    var said = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(tar.waitFor()).as(said).isZero();
    return folder;
  }
}

package dev.chowder.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.testprogram.SourceTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests a cluster with a real PostgreSQL. */
@Timeout(300)
class PostgresClusterIT {
  private int port;
  private PostgresCluster cluster;

  @BeforeEach
  void aClusterHasItsOwnFolder() throws IOException {
    var programs = PostgresPrograms.ensure(SourceTree.here().packages(), System.out::println);
    // The user postgres may not read a folder of JUnit.
    var folder = Files.createTempDirectory("chowder-postgres-test");
    cluster = PostgresCluster.of(programs, folder, Map.of());
    port = freePort();
  }

  @AfterEach
  void theClusterIsDeleted() {
    cluster.delete();
    assertThat(cluster.folder()).doesNotExist();
  }

  @Test
  void aStoppedClusterKeepsItsDataAndItsPassword() throws IOException {
    cluster.start(port, List.of("fsync=off", "max_connections=23"));
    var password = cluster.password();
    assertThat(password).matches("[0-9a-f]{32}");
    assertThat(Files.getPosixFilePermissions(cluster.passwordFile()))
        .isEqualTo(Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
    assertThat(sql("SHOW max_connections").run().text()).isEqualTo("23");
    // A collation of a language, unlike C, ignores the case at first.
    assertThat(sql("SELECT 'a' < 'B'").run().text()).isEqualTo("t");
    var _ = sql("CREATE TABLE kept AS SELECT 42 AS answer").run();

    cluster.stop();
    assertThat(sql("SELECT 1").succeeds()).isFalse();
    cluster.start(port, List.of());
    assertThat(cluster.password()).isEqualTo(password);
    assertThat(sql("SELECT answer FROM kept").run().text()).isEqualTo("42");
    assertThat(sql("SHOW fsync").run().text()).isEqualTo("on");
  }

  @Test
  void anotherPasswordIsRejected() {
    cluster.start(port, List.of());
    assertThat(sql("SELECT 1").with("PGPASSWORD", "wrong").succeeds()).isFalse();
    assertThat(sql("SELECT 1").succeeds()).isTrue();
  }

  @Test
  void aFailedStartShowsTheLog() {
    assertThatThrownBy(() -> cluster.start(port, List.of("shared_buffers=nonsense")))
        .isInstanceOf(ProgramException.class)
        .hasMessageStartingWith("PostgreSQL did not start within 60 s (")
        .hasMessageContaining("shared_buffers");
  }

  @Test
  void itRunsInTheForeground() throws Exception {
    cluster.create();
    var process =
        new ProcessBuilder(cluster.foreground(port))
            .directory(Path.of("/").toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      Await.until(() -> sql("SELECT 1").succeeds());
      assertThat(process.isAlive()).isTrue();
    } finally {
      cluster.stop();
      assertThat(process.waitFor(Await.LIMIT)).isTrue();
    }
  }

  private Program sql(String statement) {
    return Program.of(cluster.programs().program("psql").toString(), "-qAt", "-h", "127.0.0.1")
        .and("-p", Integer.toString(port), "-U", PostgresCluster.USER)
        .and("-d", "postgres", "-c", statement)
        .with("PGPASSWORD", cluster.password());
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}

package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.h2.mvstore.DataUtils;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutageTest {
  @ParameterizedTest
  @ValueSource(strings = {"08006", "08001", "57P01", "57P03", "53100", "53300", "57014"})
  void anUnreachableStoppingStartingFullOrOverloadedDatabaseIsAnOutage(String state) {
    assertThat(Outage.isBehind(new IllegalStateException(new SQLException("message", state))))
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"23505", "42601", "22001", "40001", "HY000"})
  void aWrongStatementIsNoOutage(String state) {
    assertThat(Outage.isBehind(new IllegalStateException(new SQLException("message", state))))
        .isFalse();
  }

  @Test
  void anUnwritableH2FileIsAnOutage() {
    var full = DataUtils.newMVStoreException(DataUtils.ERROR_WRITING_FAILED, "no space");
    assertThat(Outage.isBehind(new SQLException("General error", "HY000", 50000, full))).isTrue();
    var broken = DataUtils.newMVStoreException(DataUtils.ERROR_INTERNAL, "a bug");
    assertThat(Outage.isBehind(new SQLException("General error", "HY000", 50000, broken)))
        .isFalse();
  }

  @Test
  void aPoolWithoutAConnectionIsAnOutageAndABugIsNone() {
    assertThat(Outage.isBehind(new SQLTransientConnectionException("none within 5 s"))).isTrue();
    assertThat(Outage.isBehind(new IllegalStateException("a bug"))).isFalse();
  }

  @Test
  void aRefusedConnectionIsAnOutage() throws Exception {
    // Binds the port, so that no other process listens on it.
    try (var closed = new Socket()) {
      closed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      var url = "jdbc:postgresql://127.0.0.1:" + closed.getLocalPort() + "/none";
      var unreachable = Jdbi.create(url, "user", "password");
      var thrown =
          catchThrowable(() -> unreachable.useHandle(handle -> handle.execute("SELECT 1")));
      assertThat(Outage.isBehind(thrown)).as(String.valueOf(thrown)).isTrue();
    }
  }

  @Test
  void aQueryOfAMissingTableIsNoOutage(@TempDir Path home) {
    try (var database = TestStorage.h2(home).open()) {
      var thrown =
          catchThrowable(
              () -> database.jdbi().useHandle(handle -> handle.execute("SELECT * FROM nowhere")));
      assertThat(Outage.isBehind(thrown)).as(String.valueOf(thrown)).isFalse();
    }
  }
}

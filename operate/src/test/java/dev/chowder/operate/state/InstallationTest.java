package dev.chowder.operate.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallationTest {
  @TempDir private Path base;

  private Installation installation() {
    return new Installation(base.resolve("home"));
  }

  @Test
  void itsFilesAreThoseOfItsOwner() throws IOException {
    installation().createFolders();
    installation().ensureClusterId(Optional.empty());
    assertThat(Files.readString(installation().clusterIdFile())).matches("[0-9a-f]{8}");
    assertThat(mode(installation().home())).isEqualTo("rwx------");
    assertThat(mode(installation().home().resolve("run"))).isEqualTo("rwx------");
    assertThat(mode(installation().clusterIdFile())).isEqualTo("rw-------");
  }

  @Test
  void itKeepsItsClusterId() throws IOException {
    installation().createFolders();
    installation().ensureClusterId(Optional.of("first"));
    installation().ensureClusterId(Optional.empty());
    assertThat(Files.readString(installation().clusterIdFile())).isEqualTo("first");
    assertThatThrownBy(() -> installation().ensureClusterId(Optional.of("second")))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("CHOWDER_CLUSTER_ID: must be unset or first");
  }

  @Test
  void aNodeOfEachNumberOrItsSupervisorIsFound() throws IOException {
    var home = installation().home();
    assertThat(installation().isRunning()).isFalse();
    for (var name : new String[] {"server.pid", "server-2.pid", "server-9.pid"}) {
      try (var _ = RunningNode.start(home, name, "java dev.chowder.server.Main")) {
        assertThat(installation().isRunning()).as(name).isTrue();
        assertThatThrownBy(() -> installation().requireStopped("a test"))
            .hasMessage("the server is running: run \"chowder down\" before a test");
      }
      Files.delete(home.resolve("run").resolve(name));
    }
    var words = "scripts/lib/supervise %s/run/server %s/logs/server.log".formatted(home, home);
    try (var _ = RunningNode.start(home, "server.supervisor", words)) {
      assertThat(installation().isRunning()).isTrue();
    }
  }

  /** The user of version 0.1.0 set the state directory with a slash at its end. */
  @Test
  void aSupervisorOfAnEarlierVersionIsFound() throws IOException {
    var home = installation().home();
    var words = "scripts/lib/supervise %s//run/server %s//logs/server.log".formatted(home, home);
    try (var _ = RunningNode.start(home, "server.supervisor", words)) {
      assertThat(installation().isRunning()).isTrue();
    }
  }

  @Test
  void anotherProcessWithTheIdOfANodeIsNone() throws IOException {
    var home = installation().home();
    try (var _ = RunningNode.start(home, "server.pid", "java another.Main")) {
      assertThat(installation().isRunning()).isFalse();
    }
    Files.writeString(home.resolve("run/server.pid"), "no number\n");
    assertThat(installation().isRunning()).isFalse();
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}

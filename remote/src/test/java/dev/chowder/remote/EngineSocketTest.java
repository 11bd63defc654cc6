package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.sandbox.SandboxTasks;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the file of a socket, its lock, and the ranges of settings. */
@Timeout(60)
class EngineSocketTest extends RemoteFixture {
  @Test
  void onlyTheUserMayOpenTheSocketAndItIsRemovedAtTheEnd() throws IOException {
    var server = serve(new TestEngine());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
        .isEqualTo("rw-------");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(socket(), lock());
    }
    assertThat(lock()).hasContent(Long.toString(ProcessHandle.current().pid()));
    server.close();
    assertOnlyTheLockIsLeft();
    assertThat(lock()).isEmptyFile();
  }

  @Test
  void aSocketHasOneServer() throws IOException {
    serve(new TestEngine());
    assertThatThrownBy(() -> serve(new TestEngine())).isInstanceOf(IOException.class);
    assertThat(client().observe(ID).homeExists()).isFalse();
  }

  /** The other server has checked the path, and its socket is not there yet. */
  @Test
  void ofServersThatStartAtTheSameTimeOneFails() throws IOException {
    var first = EngineSocket.at(socket());
    assertThatThrownBy(() -> serve(new TestEngine()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another process serves it");
    first.close();
    serve(new TestEngine());
    assertThat(client().observe(ID).homeExists()).isFalse();
  }

  @Test
  void aServerThatIsClosedAgainKeepsTheSocketOfTheNextOne() throws IOException {
    var first = serve(new TestEngine());
    first.close();
    serve(new TestEngine());
    first.close();
    assertThat(client().observe(ID).homeExists()).isFalse();
  }

  @Test
  void aFileThatIsNotASocketIsKept() throws IOException {
    Files.writeString(socket(), "precious");
    assertThatThrownBy(() -> serve(new TestEngine()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("it is not a socket");
    assertThat(socket()).hasContent("precious");
  }

  @Test
  void aMissingFolderIsNamed() {
    var missing = folder.resolve("missing");
    var settings = settings(Map.of("socket", missing.resolve("engine.sock").toString()));
    assertThatThrownBy(() -> EngineServer.start(new TestEngine(), settings))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("its folder does not exist; create " + missing);
  }

  @Test
  void aServerThatCannotBeBuiltLeavesNothing() throws IOException {
    var broken =
        new TestEngine() {
          @Override
          public SandboxTasks tasks() {
            throw new IllegalStateException("broken");
          }
        };
    assertThatThrownBy(() -> serve(broken)).hasMessage("broken");
    assertOnlyTheLockIsLeft();
    serve(new TestEngine());
  }

  @Test
  void theSocketOfAServerThatWasKilledIsReplaced() throws IOException {
    try (var killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      killed.bind(UnixDomainSocketAddress.of(socket()));
    }
    assertThat(socket()).exists();
    serve(new TestEngine());
    assertThat(client().observe(ID).homeExists()).isFalse();
  }

  @Test
  void aMissingOrLongPathIsRejected() {
    assertThatThrownBy(() -> client(Map.of("socket", "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chowder.sandbox.remote.socket");
    assertThatThrownBy(() -> settings(Map.of("socket", "/" + "x".repeat(90))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got 91");
    var relative = "x".repeat(90);
    assertThatThrownBy(() -> settings(Map.of("socket", relative)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got " + Path.of(relative).toAbsolutePath().toString().length());
  }

  @Test
  void aLimitOutOfRangeIsRejected() {
    var tooSmall =
        Map.of(
            "call-timeout", "0s",
            "stall-timeout", "0s",
            "keep-alive-interval", "9s",
            "keep-alive-timeout", "0s",
            "max-reconnect-delay", "0s",
            "max-message-bytes", "1 MiB",
            "max-files-bytes", "0",
            "max-concurrent-calls", "0",
            "max-waiting-events", "0");
    tooSmall.forEach(
        (name, value) ->
            assertThatThrownBy(() -> settings(Map.of(name, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("chowder.sandbox.remote." + name + ": must be at least"));
  }

  private Path lock() {
    return folder.resolve("engine.sock.lock");
  }

  private void assertOnlyTheLockIsLeft() throws IOException {
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(lock());
    }
  }
}

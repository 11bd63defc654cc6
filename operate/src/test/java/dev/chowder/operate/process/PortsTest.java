package dev.chowder.operate.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import dev.chowder.program.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests ports of this machine that other processes use. */
@Timeout(60)
class PortsTest {
  private static final PortUse WANTED = new PortUse("CHOWDER_GRPC_PORT", "gRPC");

  @TempDir private Path folder;
  private ServerSocket other;
  private Site site;

  @BeforeEach
  void listen() throws IOException {
    other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    var port = Integer.toString(other.getLocalPort());
    site = TestSite.in(folder, Map.of(WANTED.variable(), port)).site();
    Files.createDirectories(site.run(""));
  }

  @AfterEach
  void close() throws IOException {
    other.close();
  }

  @Test
  void aUsedPortIsRefusedWithItsVariable() {
    assertRefused(
        () -> Ports.requireFree(site.variables(), WANTED),
        "port %d for gRPC is in use%s: stop that process, or set CHOWDER_GRPC_PORT to a free port");
  }

  @Test
  void aFreePortIsAccepted() throws IOException {
    assertThat(Ports.isClosed(other.getLocalPort())).isFalse();
    other.close();
    assertThat(Ports.isClosed(other.getLocalPort())).isTrue();
    Ports.requireFree(site.variables(), WANTED);
    Ports.requireUsable(process(), site.variables(), WANTED);
    assertThat(Ports.free()).isBetween(12_000, 17_999);
  }

  @Test
  void aProcessMayBeReplacedOnItsOwnPort() throws IOException {
    assumeThat(Program.onPath("ss")).isPresent();
    assertRefused(
        () -> Ports.requireUsable(process(), site.variables(), WANTED),
        "port %d for gRPC is in use%s: stop that process, or set CHOWDER_GRPC_PORT to a free port."
            + " part was not replaced");
    Files.writeString(site.run("part.pid"), ProcessHandle.current().pid() + "\n");
    Ports.requireUsable(process(), site.variables(), WANTED);
  }

  private void assertRefused(ThrowingCallable action, String message) {
    var owner =
        Program.onPath("ss").isPresent()
            ? " by java (pid %d)".formatted(ProcessHandle.current().pid())
            : "";
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            CommandException.class,
            refused -> assertThat(refused.code()).isEqualTo(ExitCode.CONFLICT))
        .hasMessage(message.formatted(other.getLocalPort(), owner));
  }

  private Background process() {
    return new Background(site, "part", "java");
  }
}

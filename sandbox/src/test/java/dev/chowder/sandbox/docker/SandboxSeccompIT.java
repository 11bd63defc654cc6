package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tries system calls from inside a sandbox. Each is also tried without a profile, so that a call
 * that fails for another reason does not count as forbidden.
 */
@Timeout(120)
class SandboxSeccompIT {
  private static final String FORBIDDEN = "1";

  /** Prints the error number of each call; 0 if it succeeded. Numbers: x86-64, arm64. */
  private static final String TRY =
      """
      use POSIX; my $x = (POSIX::uname())[4] eq 'x86_64';
      sub nr { $x ? $_[0] : $_[1] }
      sub say_errno { my $r = shift; print $r < 0 ? $! + 0 : 0, "\\n" }
      my $params = "\\0" x 128;
      say_errno(syscall(425, 8, $params));
      say_errno(syscall(427, 0, 0, 0, 0));
      say_errno(syscall(nr(250, 219), 0, -2, 0));
      say_errno(syscall(nr(248, 217), 0, 0, 0, 0, -2));
      say_errno(syscall(nr(323, 282), 1));
      say_errno(syscall(nr(41, 198), 38, 5, 0));
      say_errno(syscall(nr(41, 198), 40, 1, 0));
      say_errno(syscall(nr(41, 198), 0x100000026, 5, 0));
      say_errno(syscall(nr(41, 198), 0x100000028, 1, 0));
      """;

  /**
   * Calls that must keep working: TCP, UDP, netlink, Unix sockets and pairs, and the clone of
   * threads.
   */
  private static final String USE =
      """
      use Socket; my $ok = 1;
      for ([2, 1], [2, 2], [10, 1], [1, 1], [16, 3]) {
        socket(my $s, $_->[0], $_->[1], 0) or do { print "family $_->[0]: $!\\n"; $ok = 0 };
      }
      socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or do { print "pair: $!\\n"; $ok = 0 };
      my $pid = fork(); exit 7 if $pid == 0; waitpid($pid, 0); $ok = 0 unless $? >> 8 == 7;
      print $ok ? "works" : "broken";
      """;

  private final DockerTestEngine docker = new DockerTestEngine("it-seccomp");
  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());

  @BeforeEach
  void begin() {
    docker.removeOrphans();
  }

  @AfterEach
  void close() {
    docker.clear(id);
  }

  @Test
  void ioUringKeyringsUserfaultfdAndUncommonSocketsAreForbidden() {
    try (var engine = new DockerSandboxEngine(docker.settings())) {
      start(engine, 1);
      assertThat(perl(engine, TRY).lines()).hasSize(9).allMatch(FORBIDDEN::equals);
      assertThat(perl(engine, USE)).isEqualTo("works");
    }
  }

  @Test
  void withoutAProfileTheSameCallsReachTheKernel() {
    try (var engine =
        new DockerSandboxEngine(docker.settings(Map.of("seccomp-profile", "unconfined")))) {
      start(engine, 1);
      assertThat(perl(engine, TRY).lines()).hasSize(9).noneMatch(FORBIDDEN::equals);
    }
  }

  @Test
  void theContainerForFilesHasTheProfile() {
    try (var engine = new DockerSandboxEngine(docker.settings())) {
      engine.create(new SandboxSpec(id, "org-1", DockerTestEngine.SNAPSHOT, 0, RESOURCES));
      var _ = engine.homes().folder(id, FilePath.ROOT).list(FilePath.ROOT, "", 10, 100);
      var options =
          docker
              .client()
              .inspectContainerCmd(id + "-files")
              .exec()
              .getHostConfig()
              .getSecurityOpts();
      assertThat(options)
          .contains("no-new-privileges")
          .anySatisfy(option -> assertThat(option).startsWith("seccomp={\"defaultAction\""));
    }
  }

  /** The container runs as root with a capability, over files that an agent created. */
  @Test
  void theContainerThatMeasuresAHomeHasTheProfileAndTheRuntime(@TempDir Path directory)
      throws Exception {
    try (var proxy = new HeldEngine(directory.resolve("docker.sock"), docker.dockerHost());
        var engine =
            new DockerSandboxEngine(
                docker.settings(Map.of("host", proxy.host(), "runtime", "runc")));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      engine.create(new SandboxSpec(id, "org-1", DockerTestEngine.SNAPSHOT, 0, RESOURCES));
      var held = proxy.hold("POST /.*containers/[^/]+/start");
      var usage =
          threads.submit(() -> engine.homes().measure(id, new HomeUsage(1L << 30, 100_000)));
      assertThat(held.awaitRequest(Duration.ofSeconds(30))).isTrue();
      var host = docker.client().inspectContainerCmd(id + "-meter").exec().getHostConfig();
      held.release();
      assertThat(usage.get(60, TimeUnit.SECONDS)).isPresent();
      assertThat(host.getSecurityOpts())
          .contains("no-new-privileges")
          .anySatisfy(option -> assertThat(option).startsWith("seccomp={\"defaultAction\""));
      assertThat(host.getRuntime()).isEqualTo("runc");
    }
  }

  @Test
  void theOperatorChoosesTheRuntime() {
    try (var engine = new DockerSandboxEngine(docker.settings(Map.of("runtime", "runc")))) {
      start(engine, 1);
      assertThat(
              docker
                  .client()
                  .inspectContainerCmd(id + "-gateway")
                  .exec()
                  .getHostConfig()
                  .getRuntime())
          .isEqualTo("runc");
    }
    try (var engine = new DockerSandboxEngine(docker.settings(Map.of("runtime", "no-such")))) {
      assertThatThrownBy(() -> start(engine, 2))
          .isInstanceOf(SandboxException.class)
          .hasMessageContaining("no-such");
    }
  }

  private void start(DockerSandboxEngine engine, int attempt) {
    engine.create(new SandboxSpec(id, "org-1", DockerTestEngine.SNAPSHOT, 0, RESOURCES));
    var _ = engine.start(id, Fence.ofAttempt(attempt), DockerTestEngine.answering("org-1"));
  }

  private String perl(DockerSandboxEngine engine, String program) {
    var result = engine.tasks().exec(id, List.of("perl", "-e", program), Duration.ofSeconds(20));
    assertThat(result.exitCode()).as(result.output()).isZero();
    return result.output().strip();
  }
}

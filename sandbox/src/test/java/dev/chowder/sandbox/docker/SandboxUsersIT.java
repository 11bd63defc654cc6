package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TestResources;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that each sandbox has a user of the host of its own, which owns its home. */
@Timeout(180)
class SandboxUsersIT {
  private static final DockerTestEngine docker = new DockerTestEngine("it-users");
  private static final SandboxId ONE = id("one");
  private static final SandboxId TWO = id("two");

  /** Creates inotify instances until the kernel refuses one, and keeps them. */
  private static final String TAKE_ALL =
      "my $n = 0; $n++ while syscall(294, 0) >= 0; open(F, '>/tmp/taken'); print F $n; close F;"
          + " sleep 600";

  /** Prints the files of the home that do not belong to the user of this process. */
  private static final String FOREIGN =
      "find /home/node ! -uid $(id -u); find /home/node/.keys -type f | wc -l";

  /** Creates folders whose path is longer than the 4096 bytes that a system call accepts. */
  private static final String DEEP = "for (1..25) { mkdir 'd' x 200; chdir 'd' x 200 }";

  private final AtomicBoolean allowed = new AtomicBoolean(true);
  private final DockerSandboxEngine engine = new DockerSandboxEngine(docker.settings());

  @BeforeEach
  void clear() {
    docker.removeOrphans();
    engine.separate(ByteString.copyFrom(new byte[32]), allowed::get);
    for (var id : List.of(ONE, TWO)) {
      engine.create(
          new SandboxSpec(id, "org", DockerTestEngine.SNAPSHOT, 0, TestResources.RESOURCES));
    }
  }

  @AfterEach
  void end() {
    engine.removeIsolation();
    engine.close();
    docker.removeOrphans();
  }

  @Test
  void aSandboxCannotTakeTheInotifyInstancesOfAnother() {
    start(ONE, 1);
    start(TWO, 1);
    assertThat(shell(ONE, "id -u")).matches("19[0-9]{8}").isNotEqualTo(shell(TWO, "id -u"));
    var taken =
        shell(
            ONE,
            "perl -e \"$0\" >/dev/null 2>&1 & while ! [ -s /tmp/taken ]; do sleep 0.1; done;"
                + " cat /tmp/taken",
            TAKE_ALL);
    assertThat(Integer.parseInt(taken)).isGreaterThan(100);
    var one = "perl -e 'print syscall(294, 0) >= 0 ? \"created\" : $!'";
    assertThat(shell(ONE, one)).isEqualTo("Too many open files");
    assertThat(shell(TWO, one)).isEqualTo("created");
  }

  @Test
  void theUserHasANameAndAHome() {
    start(ONE, 1);
    assertThat(shell(ONE, "node -p 'os.userInfo().username + os.userInfo().homedir'"))
        .isEqualTo("node/home/node");
  }

  /** All nodes must know the users, and the home of an earlier version belongs to user 1000. */
  @Test
  void aHomeChangesItsOwnerAtTheNextBoot() {
    allowed.set(false);
    start(ONE, 1);
    assertThat(shell(ONE, "id -u")).isEqualTo("1000");
    writeFilesOfAllKinds();
    allowed.set(true);
    assertThat(engine.thaw(ONE, Fence.ofAttempt(2), 1, DockerTestEngine.answering("org")))
        .as("the same container continues")
        .isPresent();
    write("while-1000");
    start(ONE, 3);
    assertThat(shell(ONE, "id -u")).matches("19[0-9]{8}");
    requireAllOwned();
    write("as-its-own-user");
    engine
        .homes()
        .writeFiles(
            ONE, Fence.ofAttempt(3), List.of(new SandboxFile("new", ByteString.EMPTY, 0600)));
    requireAllOwned();
    // A member of an older version joined.
    allowed.set(false);
    start(ONE, 4);
    assertThat(shell(ONE, "id -u")).isEqualTo("1000");
    requireAllOwned();
  }

  @Test
  void aChangeOfTheOwnerThatFailedContinues() {
    var home = homeOfAnEarlierVersion();
    var _ = docker.root("chattr", "+i", home + "/.keys/one");
    try {
      assertThatThrownBy(() -> start(ONE, 2))
          .hasMessageContaining("exit code 1: Operation not permitted");
      assertThat(docker.root("stat", "-c", "%u", home).strip()).isEqualTo("1000");
    } finally {
      var _ = docker.root("chattr", "-i", home + "/.keys/one");
    }
    start(ONE, 3);
    requireAllOwned();
  }

  @Test
  void aChangeOfTheOwnerThatWasInterruptedContinues() {
    var home = homeOfAnEarlierVersion();
    var _ = docker.root("chown", "-h", "1900000001", home + "/.keys/one", home + "/link");
    start(ONE, 2);
    requireAllOwned();
  }

  /** Returns the folder of a home that belongs to user 1000, and that no container uses. */
  private String homeOfAnEarlierVersion() {
    allowed.set(false);
    start(ONE, 1);
    writeFilesOfAllKinds();
    var _ = engine.stop(ONE, 1, Duration.ZERO);
    allowed.set(true);
    return docker.client().inspectVolumeCmd(ONE.value()).exec().getMountpoint();
  }

  private static void writeFilesOfAllKinds() {
    var _ =
        shell(
            ONE,
            "cd /home/node; mkdir -p .keys/deep; echo a >.keys/one; echo b >.keys/deep/two;"
                + " ln -s /etc/passwd link; ln -s nowhere dangling; mkfifo pipe; ln .keys/one hard;"
                + " chmod 000 .keys/one .keys/deep; perl -e \"$0\"",
            DEEP);
  }

  private static void requireAllOwned() {
    assertThat(shell(ONE, "chmod 700 /home/node/.keys/deep; " + FOREIGN)).isEqualTo("2");
    assertThat(shell(ONE, "stat -c %u /etc/passwd")).as("the target of a link").isEqualTo("0");
  }

  private void write(String name) {
    var folder = engine.homes().folder(ONE, FilePath.ROOT);
    var _ =
        folder.write(
            (OutputStream to) -> {
              to.write(name.getBytes(UTF_8));
              return FilePath.parse(name);
            });
    assertThat(shell(ONE, "cat /home/node/" + name)).isEqualTo(name);
  }

  private static String shell(SandboxId id, String script, String... arguments) {
    var command = new ArrayList<>(List.of("sh", "-c", script));
    command.addAll(List.of(arguments));
    return docker.exec(containerOf(id), command).strip();
  }

  private static String containerOf(SandboxId id) {
    return docker.containers().stream()
        .filter(one -> id.instanceId().equals(one.getLabels().get(DockerLabels.INSTANCE)))
        .filter(one -> DockerLabels.GATEWAY.equals(one.getLabels().get(DockerLabels.ROLE)))
        .findFirst()
        .orElseThrow()
        .getId();
  }

  private static SandboxId id(String name) {
    return SandboxId.ofInstance(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)).toString());
  }

  private void start(SandboxId id, int attempt) {
    var _ = engine.start(id, Fence.ofAttempt(attempt), DockerTestEngine.answering("org"));
  }
}

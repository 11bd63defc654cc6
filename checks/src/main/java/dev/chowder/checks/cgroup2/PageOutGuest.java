package dev.chowder.checks.cgroup2;

import static dev.chowder.checks.cgroup2.Cgroup2Guest.run;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Steps;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Checks what {@code CgroupMemory} and {@code SwapReader} do with cgroup v2, on a frozen container
 * with the limits of a sandbox.
 */
record PageOutGuest(Steps steps, Keeper keeper, String kept) {
  private static final long MIB = 1 << 20;

  /** Nearly all of the 40 MiB that the process keeps. */
  private static final long MOST = 36 * MIB;

  private static final long LIMIT = 192 * MIB;
  private static final Duration TIME_LIMIT = Duration.ofMinutes(8);
  private static final String NOT_POSSIBLE = "Resource temporarily unavailable";
  private static final String SWAP_MAX = "memory.swap.max";
  private static final String SWAPPED = "memory.swap.current";

  static PageOutGuest start(Steps steps) throws Exception {
    run("modprobe", "zram", "num_devices=1");
    var keeper = Keeper.start();
    return new PageOutGuest(steps, keeper, Keeper.firstDigest());
  }

  void check() throws IOException {
    steps.step(
        "the engine is one of systemd and cgroup v2, and a container with equal limits may not"
            + " swap",
        this::expectLimits);
    steps.step(
        "docker pause freezes the control group",
        () -> {
          Keeper.pause();
          Expect.equal(keeper.bytes("cgroup.freeze"), 1L);
          Expect.equal(keeper.field("frozen", "cgroup.events"), 1L);
        });
    long before = keeper.residentBytes();
    withoutSwap(before);
    withSwap(before);
    steps.step(
        "memory.swap.max=0 afterwards leaves the pages in swap, and permits the thaw", this::thaw);
    steps.step("a second page-out moves memory that was just used", this::pageOutAgain);
    steps.step(
        "the memory of a frozen process is read from swap, which takes back a permission that a "
            + "killed server left",
        this::readBack);
  }

  private void expectLimits() throws IOException {
    Expect.contains(
        run("docker", "info", "-f", "{{.CgroupDriver}} {{.CgroupVersion}}"), "systemd 2");
    Expect.contains(keeper.group().toString(), "/system.slice/docker-");
    Expect.equal(keeper.bytes(SWAP_MAX), 0L);
    Expect.equal(keeper.bytes("memory.max"), LIMIT);
  }

  private void withoutSwap(long before) {
    steps.step(
        "without swap, a page-out moves nothing and ends nothing, and takes its permission to swap "
            + "back",
        () -> {
          Expect.contains(sleepingGroup("page-out"), NOT_POSSIBLE);
          Expect.equal(keeper.bytes(SWAP_MAX), 0L);
          expectNothingMoved(before);
        });
  }

  private void withSwap(long before) {
    steps.step(
        "with swap, memory.swap.max=0 moves nothing and ends nothing",
        () -> {
          startZram();
          Expect.contains(reclaim(), NOT_POSSIBLE);
          expectNothingMoved(before);
        });
    steps.step(
        "with swap, a page-out permits it, and nearly all memory of the frozen process leaves",
        () -> {
          var why = sleepingGroup("page-out");
          Expect.equal(keeper.bytes(SWAP_MAX), 0L);
          note(why);
          Expect.between(keeper.bytes(SWAPPED), MOST, LIMIT);
          Expect.between(keeper.residentBytes(), 0, before / 8);
          Keeper.expectAlive(true);
        });
  }

  private void thaw() throws Exception {
    Expect.between(keeper.bytes(SWAPPED), MOST, LIMIT);
    Keeper.unpause();
    Expect.equal(Keeper.digest(), kept);
    Keeper.expectAlive(false);
    Expect.between(keeper.bytes(SWAPPED), 0, 8 * MIB);
  }

  private void pageOutAgain() throws IOException {
    Keeper.pause();
    var why = sleepingGroup("page-out");
    Expect.equal(keeper.bytes(SWAP_MAX), 0L);
    note(why);
    Expect.between(keeper.bytes(SWAPPED), MOST, LIMIT);
  }

  private void readBack() throws Exception {
    keeper.write(SWAP_MAX, keeper.value("memory.max"));
    Expect.equal(sleepingGroup("read"), "all was read");
    Expect.equal(keeper.bytes(SWAP_MAX), 0L);
    Expect.between(keeper.bytes("memory.current"), MOST, LIMIT);
    Keeper.expectAlive(true);
    Keeper.unpause();
    Expect.equal(Keeper.digest(), kept);
  }

  private void expectNothingMoved(long before) throws IOException {
    Expect.equal(keeper.bytes(SWAPPED), 0L);
    Expect.between(keeper.residentBytes(), before - MIB, before);
    Keeper.expectAlive(true);
  }

  private void note(String why) throws IOException {
    steps.note(
        "%d MiB resident, %d in swap; the kernel said: %s"
            .formatted(keeper.residentBytes() / MIB, keeper.bytes(SWAPPED) / MIB, why));
  }

  private static void startZram() throws IOException {
    var zram = Path.of("/sys/block/zram0");
    Files.writeString(zram.resolve("reset"), "1");
    Files.writeString(zram.resolve("disksize"), "512M");
    run("mkswap", "-q", "/dev/zram0");
    run("swapon", "/dev/zram0");
  }

  /** Only writes, without permission to swap. Returns why the kernel rejected it. */
  private String reclaim() throws IOException {
    var bytes = keeper.value("memory.current");
    // Files.writeString has another message for EAGAIN.
    try (var file = new FileOutputStream(keeper.group().resolve("memory.reclaim").toFile())) {
      file.write(bytes.getBytes(US_ASCII));
      return "";
    } catch (IOException rejected) {
      return rejected.toString();
    }
  }

  /** Runs Chowder's code in a process of its own, and returns what the kernel said. */
  private String sleepingGroup(String verb) {
    return Cgroup2Guest.java("dev.chowder.sandbox.docker.SleepingGroup")
        .and(verb, keeper.pid(), keeper.id())
        .within(TIME_LIMIT)
        .run()
        .text();
  }
}

package dev.chowder.checks.cgroup2;

import static dev.chowder.checks.cgroup2.Cgroup2Guest.run;

import dev.chowder.base.KernelMemory;
import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Steps;
import dev.chowder.checks.guest.Wait;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/** Checks {@code SwapCommand}: zram for several installations, after a kill and after a reboot. */
record SwapGuest(Steps steps) {
  private static final String PROGRAM = "dev.chowder.checks.cgroup2.SwapProgram";
  private static final Path A = Path.of("/opt/a");
  private static final Path B = Path.of("/opt/b b");

  /** Has programs that kill their caller. */
  private static final Path KILLING = Path.of("/opt/killing");

  private static final Path RECORD = Path.of("/run/chowder-swap");
  private static final Path CONTROL = Path.of("/sys/class/zram-control");
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final int PAGE = 4096;
  private static final int PERCENT = 80;

  void check() throws IOException {
    for (var folder : List.of(A, B, KILLING)) Files.createDirectories(folder);
    Files.writeString(A.resolve("cluster-id"), "a");
    Files.writeString(B.resolve("cluster-id"), "b");
    steps.step(
        "a host without swap gets zram for 2 times its memory, which takes at most 80 % of it",
        SwapGuest::expectZram);
    steps.step(
        "a second scripts/up changes nothing and prints nothing",
        () -> {
          var device = swaps();
          Expect.equal(ensureA(), "");
          Expect.equal(swaps(), device);
        });
    steps.step("two installations share the device, and the last one removes it", this::share);
    steps.step("installations that start at the same time create one device", SwapGuest::startTwo);
    steps.step(
        "an installation whose directory is missing does not keep the device",
        () -> {
          var _ = ensureA();
          var _ = ensureB();
          Files.delete(B.resolve("cluster-id"));
          Expect.equal(releaseA(), "");
          expectClean();
          Files.writeString(B.resolve("cluster-id"), "b");
        });
    steps.step("a kill at any step leaves what the next run completes", SwapGuest::killInSteps);
    steps.step("after a reboot the device is created again", SwapGuest::reboot);
    steps.step("a device of another program stays as it is", SwapGuest::keepOther);
    steps.step("a host with swap of its own gets none", SwapGuest::keepOwn);
  }

  private static void expectZram() throws IOException {
    var said = ensureA();
    Expect.contains(said, "Set up zram swap");
    Expect.equal(said.lines().count(), 1L);
    long memory = memoryBytes();
    var device = swaps();
    var block = Path.of("/sys/block").resolve(device.substring("/dev/".length()));
    long limit = number(Files.readString(block.resolve("mm_stat")).strip().split(" +", -1)[3]);
    Expect.between(limit, memory * PERCENT / 100 - PAGE, memory * PERCENT / 100);
    Expect.between(
        number(Files.readString(block.resolve("disksize"))), memory * 2 - 4 * PAGE, memory * 2);
    Expect.equal(
        run("swapon", "--show=NAME,PRIO,LABEL", "--noheadings", "--raw"), device + " 100 chowder");
  }

  private void share() throws IOException {
    var device = swaps();
    Expect.equal(ensureB(), "");
    Expect.equal(swaps(), device);
    Expect.contains(releaseA(), "The zram swap stays");
    Expect.equal(swaps(), device);
    Expect.equal(releaseB(), "");
    expectClean();
    Expect.that(!Files.exists(CONTROL), "the module is still loaded");
  }

  private static void startTwo() throws IOException {
    var first = CompletableFuture.supplyAsync(SwapGuest::ensureA);
    var said = ensureB() + first.join();
    Expect.equal(said.lines().count(), 1L);
    Expect.equal(swapCount(), 1L);
    var _ = releaseA();
    Expect.equal(releaseB(), "");
    expectClean();
  }

  private static void killInSteps() throws IOException {
    for (var program : List.of("modprobe", "mkswap", "swapon")) {
      killedIn(program, "ensure", "a", A.toString(), "yes");
      var _ = ensureA();
      Expect.equal(swapCount(), 1L);
      Expect.equal((long) devices().size(), 1L);
      killedIn("swapoff", "release", "a", A.toString());
      Expect.equal(releaseA(), "");
      expectClean();
    }
  }

  /** The swap and its device are gone, and the record has the id of another boot. */
  private static void reboot() throws Exception {
    var _ = ensureA();
    var device = swaps();
    var _ = run("swapoff", device);
    var number = device.substring("/dev/zram".length());
    // udev opens the device for a moment.
    Wait.until(
        LIMIT,
        "the device is removed",
        () -> {
          Files.writeString(CONTROL.resolve("hot_remove"), number);
          return true;
        });
    Files.writeString(RECORD.resolve("boot"), "another\n");
    var _ = ensureB();
    Expect.equal(swapCount(), 1L);
    Expect.equal(releaseB(), "");
    expectClean();
  }

  private static void keepOther() throws IOException {
    var _ = run("modprobe", "-r", "zram");
    var _ = run("modprobe", "zram", "num_devices=1");
    var size = Path.of("/sys/block/zram0/disksize");
    Files.writeString(size, "64M");
    var _ = ensureA();
    Expect.equal(devices().size(), 2);
    Expect.equal(number(Files.readString(size)), 64L << 20);
    Expect.equal(releaseA(), "");
    Expect.equal(devices(), List.of("zram0"));
  }

  private static void keepOwn() throws IOException {
    var own = "/dev/zram0";
    var _ = run("mkswap", "-q", own);
    var _ = run("swapon", own);
    Expect.equal(ensureA(), "");
    Expect.equal(swaps(), own);
    Expect.equal(releaseA(), "");
    Expect.equal(swaps(), own);
    var _ = run("swapoff", own);
    var _ = run("modprobe", "-r", "zram");
  }

  private static String ensureA() {
    return swap("ensure", "a", A.toString(), "yes");
  }

  private static String ensureB() {
    return swap("ensure", "b", B.toString(), "yes");
  }

  private static String releaseA() {
    return swap("release", "a", A.toString());
  }

  private static String releaseB() {
    return swap("release", "b", B.toString());
  }

  private static String swap(String... words) {
    var result = Cgroup2Guest.java(PROGRAM).and(words).within(LIMIT).run();
    return result.output() + result.errors();
  }

  /** Runs the command in a session of its own, which is killed when it calls that program. */
  private static void killedIn(String program, String... words) throws IOException {
    var killer = KILLING.resolve(program);
    Files.writeString(killer, "#!/bin/sh\npkill -KILL -s 0\n");
    Expect.that(killer.toFile().setExecutable(true), "cannot write " + killer);
    var result =
        Program.of("setsid", "-w")
            .and(Cgroup2Guest.java(PROGRAM).and(words).words().toArray(String[]::new))
            .with("PATH", KILLING + ":" + System.getenv("PATH"))
            .within(LIMIT)
            .attempt();
    Expect.that(!result.succeeded(), "was not killed in " + program);
    Files.delete(killer);
  }

  private static void expectClean() throws IOException {
    Expect.equal(swaps(), "");
    Expect.that(!Files.exists(RECORD), "the record remains");
  }

  /** Returns the devices of all swap, with blanks between them. */
  private static String swaps() throws IOException {
    return Files.readAllLines(Path.of("/proc/swaps")).stream()
        .skip(1)
        .map(line -> line.split("[ \t]+", -1)[0])
        .collect(Collectors.joining(" "));
  }

  private static long swapCount() throws IOException {
    return Files.readAllLines(Path.of("/proc/swaps")).size() - 1L;
  }

  private static List<String> devices() throws IOException {
    try (var all = Files.list(Path.of("/sys/block"))) {
      return all.map(device -> device.toFile().getName())
          .filter(name -> name.startsWith("zram"))
          .sorted()
          .toList();
    }
  }

  private static long memoryBytes() throws IOException {
    return KernelMemory.read(KernelMemory.FILE).kib("MemTotal") << 10;
  }

  private static long number(String text) {
    return Long.parseLong(text.strip());
  }
}

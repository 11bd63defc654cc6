package dev.chowder.operate.swap;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The zram device that all installations of this host share. It is a device of its own, since
 * others may be meant for other programs.
 */
record Zram(Site site, SwapRecord record, ActiveSwap active) {
  /**
   * Shares of the host's memory that zram may take, in percent. With a swap file, more agents can
   * run beside the sleepers.
   */
  private static final int PERCENT = 80;

  private static final int PERCENT_BESIDE_FILE = 25;
  private static final long PAGE = 4096;
  private static final Path CONTROL = Path.of("/sys/class/zram-control");

  /** udev opens a device for a moment after each change. */
  private static final Duration KERNEL_LIMIT = Duration.ofSeconds(10);

  /**
   * The size of the device. Memory of OpenClaw compresses to 1/2.6 (lzo-rle or lz4), so the device
   * holds 2.5 times as much as it may take, and is full before it reaches its limit.
   *
   * @param disk bytes that it holds
   * @param limit bytes of memory that it may take
   */
  record Size(long disk, long limit) {
    static Size of(long memory, boolean besideFile) {
      long limit = pages(memory * (besideFile ? PERCENT_BESIDE_FILE : PERCENT) / 100);
      return new Size(pages(limit * 5 / 2), limit);
    }

    private static long pages(long bytes) {
      return bytes / PAGE * PAGE;
    }
  }

  /**
   * Turns zram swap on, unless the host has swap that Chowder did not create. Continues what a
   * killed run began.
   */
  void ensure() throws IOException {
    var files = filesOfUsers();
    var besideFile = files.stream().anyMatch(active::isOn);
    var size = Size.of(active.memoryKib("MemTotal") * 1024, besideFile);
    var number = record.zram();
    if (number.isPresent() && active.isOn(device(number.get()))) {
      if (!turnOffToResize(number.get(), size)) return;
    }
    if (hostHasSwap(files)) return;
    if (create(size)) {
      site.say(
          ("Set up zram swap for %s of memory of sleeping agents; it takes at most %s. %s removes"
                  + " it; %s sets up none.")
              .formatted(
                  Gibibytes.text(size.disk),
                  Gibibytes.text(size.limit),
                  site.command("down --purge"),
                  site.command("up --no-zram")));
    } else {
      site.say(
          ("This host has no swap, and zram could not be set up, so sleeping agents keep all their"
                  + " memory. Install the kernel module zram (on Ubuntu in linux-modules-extra-%s), or"
                  + " add swap to the host and set CHOWDER_DISK_SWAP=true.")
              .formatted(System.getProperty("os.version")));
    }
  }

  /** Returns whether the device is off because a swap file was created or removed. */
  private boolean turnOffToResize(String number, Size size) throws IOException {
    if (number(block(number).resolve("disksize")) == size.disk) return false;
    if (active.usedKib(device(number)).orElse(0) != 0) {
      site.say(
          "The zram swap is in use, so it keeps its size until the next %s after a reboot."
              .formatted(site.command("up")));
      return false;
    }
    return active.turnOff(device(number));
  }

  /** Returns whether swap is on that no installation of Chowder created. */
  private boolean hostHasSwap(List<Path> files) {
    var own = record.zram().map(Zram::device);
    return active.paths().stream()
        .anyMatch(path -> !own.equals(Optional.of(path)) && !files.contains(path));
  }

  /** Returns the swap files that installations may have. */
  private List<Path> filesOfUsers() throws IOException {
    return record.homes().stream().map(SwapFile::of).toList();
  }

  /**
   * If this is killed between the creation and the record, an empty device remains, which takes no
   * memory.
   */
  private boolean create(Size size) {
    try {
      return createFor(size);
    } catch (IOException failed) {
      return false;
    }
  }

  private boolean createFor(Size size) throws IOException {
    if (!Files.isDirectory(CONTROL)) {
      record.setLoadedModule();
      if (!RootProgram.succeeds("modprobe", "-q", "zram", "num_devices=0")) return false;
    }
    var known = record.zram().filter(number -> Files.exists(device(number)));
    var number = known.isPresent() ? known.get() : add();
    var block = block(number);
    // The kernel's readahead skips zram, and reclaim of a control group does not depend on
    // vm.swappiness: no setting is changed.
    if (number(block.resolve("disksize")) != 0 && !write(block.resolve("reset"), "1")) return false;
    var device = device(number).toString();
    return write(block.resolve("disksize"), String.valueOf(size.disk))
        && write(block.resolve("mem_limit"), String.valueOf(size.limit))
        && RootProgram.succeeds("mkswap", "-q", "-L", SwapFile.LABEL, device)
        && RootProgram.succeeds("swapon", "-p", "100", device);
  }

  /** Creates a device and returns its number. */
  private String add() throws IOException {
    // A read of this file creates a device.
    var number = Files.readString(CONTROL.resolve("hot_add")).strip();
    record.setZram(number);
    return number;
  }

  /** Removes the device. Says so if its pages do not fit in memory. */
  void remove() throws IOException {
    var recorded = record.zram();
    if (recorded.isEmpty()) return;
    var number = recorded.get();
    var device = device(number);
    if (Files.exists(device)) {
      if (!active.turnOff(device)) {
        site.say(
            ("cannot turn off %s: its pages do not fit in memory; stop other programs and run"
                    + " 'swapoff %s' as root.")
                .formatted(device, device));
        return;
      }
      if (!write(block(number).resolve("reset"), "1")) {
        throw ExitCode.FAILED.cannot(
            "reset " + device, "another program uses it", "end that program and run this again");
      }
    }
    // The record is removed before the device, since another program may then create a device with
    // the same number.
    record.forgetZram();
    if (Files.exists(block(number))) {
      var _ = write(CONTROL.resolve("hot_remove"), number);
    }
  }

  /** Writes to a file of the kernel, which rejects some writes while udev has the device open. */
  private static boolean write(Path file, String value) {
    return Poll.until(KERNEL_LIMIT, () -> accepts(file, value));
  }

  private static boolean accepts(Path file, String value) {
    try {
      Files.writeString(file, value);
      return true;
    } catch (IOException rejected) {
      return false;
    }
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }

  private static Path device(String number) {
    return Path.of("/dev/zram" + number);
  }

  private static Path block(String number) {
    return Path.of("/sys/block/zram" + number);
  }
}

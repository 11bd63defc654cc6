package dev.chowder.operate.swap;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.OwnerOnly;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The swap file in a state directory. Memory of agents reaches the disk in it.
 *
 * @param site receives messages
 * @param path as the kernel lists it, without symbolic links
 */
record SwapFile(Site site, Path path, ActiveSwap active) {
  static final String NAME = "swap-file";
  static final String LABEL = "chowder";

  /** Space that must stay free on the file system, for the database and the home volumes. */
  private static final long FREE_BYTES = 5L << 30;

  private static final Set<String> FILE_SYSTEMS = Set.of("ext2", "ext3", "ext4", "xfs");

  /** ZFS volumes and VDO, as lsblk names them. */
  private static final Pattern NEEDS_MEMORY = Pattern.compile("(?m)^zd[0-9]|vdo");

  /** Returns the swap file that an installation may have, as the kernel lists it. */
  static Path of(Path home) {
    try {
      return home.toRealPath().resolve(NAME);
    } catch (IOException missing) {
      return home.toAbsolutePath().normalize().resolve(NAME);
    }
  }

  private Path part() {
    return path.resolveSibling(NAME + ".new");
  }

  private Path folder() {
    return OwnerOnly.folderOf(path);
  }

  /**
   * Creates, keeps or removes the file.
   *
   * @param wanted its size, 0 to remove it, and empty to keep it as it is
   */
  void ensure(OptionalLong wanted) throws IOException {
    Files.deleteIfExists(part());
    long existing = Files.exists(path) ? Files.size(path) : 0;
    if (wanted.isPresent() && existing != 0 && existing != wanted.getAsLong()) {
      turnOffUnused();
      Files.delete(path);
      existing = 0;
    }
    long size = wanted.orElse(existing);
    if (size == 0) return;
    if (existing == 0) create(size);
    if (active.isOn(path)) return;
    if (!RootProgram.succeeds("swapon", path.toString())) {
      throw failure(
          "turn on the swap file " + path,
          "see the message above",
          "'" + site.command("up --swap-file 0") + "' removes it");
    }
    site.say(
        ("WARNING: memory of agents, which includes provider keys, now reaches the disk in the swap"
                + " file %s (%s). %s removes it.")
            .formatted(path, Gibibytes.text(size), site.command("down --purge")));
  }

  private void turnOffUnused() {
    if (active.usedKib(path).orElse(0) != 0) {
      throw ExitCode.CONFLICT.failure(
          ("--swap-file: the size of %s cannot change while it is in use: reboot the host and run"
                  + " this again")
              .formatted(path));
    }
    if (active.turnOff(path)) return;
    throw ExitCode.FAILED.failure(cannot("turn off " + path, "see the message above"));
  }

  private void create(long size) throws IOException {
    requirePossible(size);
    // It has its name only when it is complete.
    var part = Files.createFile(part(), OwnerOnly.FILE).toString();
    if (!RootProgram.succeeds("fallocate", "-l", String.valueOf(size), part)
        || !RootProgram.succeeds("mkswap", "-q", "-L", LABEL, part)) {
      Files.delete(part());
      throw ExitCode.FAILED.failure(
          cannot("create the swap file " + path, "see the message above"));
    }
    Files.move(part(), path, StandardCopyOption.ATOMIC_MOVE);
  }

  private void requirePossible(long size) throws IOException {
    var fileSystem = Files.getFileStore(folder());
    var action = "create a swap file in " + folder();
    if (!FILE_SYSTEMS.contains(fileSystem.type())) {
      throw failure(
          action,
          "its file system is " + fileSystem.type(),
          "Chowder creates swap files on ext4 and XFS only, so add swap to the host yourself and"
              + " set CHOWDER_DISK_SWAP=true");
    }
    // Memory is freed by writing to the device, and these two need memory for a write.
    var devices = RootProgram.output("lsblk", "-nsro", "NAME,TYPE", "--", fileSystem.name());
    if (NEEDS_MEMORY.matcher(devices).find()) {
      throw failure(
          action,
          "it is on a ZFS volume or on VDO, where swap can hang the host",
          "add swap to the host yourself and set CHOWDER_DISK_SWAP=true");
    }
    if (fileSystem.getUsableSpace() - FREE_BYTES >= size) return;
    throw ExitCode.FAILED.failure(
        "--swap-file: needs %s and %s that stay free in %s; name a smaller size or free space"
            .formatted(Gibibytes.text(size), Gibibytes.text(FREE_BYTES), folder()));
  }

  void delete() throws IOException {
    Files.deleteIfExists(path);
    Files.deleteIfExists(part());
  }

  private static CommandException failure(String action, String cause, String remedy) {
    return ExitCode.FAILED.cannot(action, cause, remedy);
  }
}

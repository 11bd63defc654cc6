package dev.chowder.operate.swap;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.Flock;
import dev.chowder.operate.state.Poll;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What installations know about the swap of this host: the number of the zram device in {@code
 * zram}, whether they loaded its module in {@code module}, and the state directory of each
 * installation in {@code users/ID}. Valid for one boot, as a zram device is: {@code boot} has the
 * boot's id, since some hosts keep {@code /run} on a disk. Installations of version 0.1.0 share it.
 */
final class SwapRecord implements AutoCloseable {
  private static final Path FOLDER = Path.of("/run/chowder-swap");
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Path folder;
  private final Flock lock;

  private SwapRecord(Path folder, Flock lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /** Returns whether the record names an installation. Any user can read that. */
  static boolean has(String id) {
    return Files.exists(FOLDER.resolve("users").resolve(id));
  }

  /** Creates the record if there is none of this boot, and locks it. */
  static SwapRecord lock() throws IOException {
    return lock(FOLDER, LIMIT);
  }

  static SwapRecord lock(Path folder, Duration limit) throws IOException {
    var taken = new AtomicReference<Flock>();
    if (!Poll.until(limit, () -> isLocked(folder, taken))) {
      throw ExitCode.CONFLICT.cannot(
          "lock " + folder,
          "another command changes the swap of this host",
          "wait until it has finished");
    }
    var record = new SwapRecord(folder, taken.get());
    try {
      record.forgetEarlierBoot();
    } catch (IOException | RuntimeException failed) {
      record.close();
      throw failed;
    }
    return record;
  }

  /** A process that removes the record holds the lock, so the folder may be gone at any moment. */
  private static boolean isLocked(Path folder, AtomicReference<Flock> taken) {
    try {
      createFolders(folder);
      var lock = Flock.tryTake(folder.resolve("lock"));
      lock.ifPresent(taken::set);
      return lock.isPresent();
    } catch (IOException gone) {
      return false;
    }
  }

  /** Other users look for their installation there. */
  private static void createFolders(Path folder) throws IOException {
    for (var each : List.of(folder, folder.resolve("users"))) {
      if (Files.isDirectory(each)) continue;
      Files.createDirectories(each);
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private void forgetEarlierBoot() throws IOException {
    var boot = Files.readString(BOOT_ID).strip();
    if (Site.text(folder.resolve("boot")).equals(Optional.of(boot))) return;
    forgetZram();
    Files.deleteIfExists(folder.resolve("module"));
    for (var user : users()) Files.deleteIfExists(user);
    write("boot", boot);
  }

  void add(String id, Path home) throws IOException {
    write("users/" + id, home.toString());
  }

  void remove(String id) throws IOException {
    Files.deleteIfExists(folder.resolve("users").resolve(id));
  }

  /** Returns the state directories of all installations. */
  List<Path> homes() throws IOException {
    var homes = new ArrayList<Path>();
    for (var user : users()) Site.text(user).map(Path::of).ifPresent(homes::add);
    return homes;
  }

  /** Returns the state directories of installations that still exist, and forgets the others. */
  List<Path> others() throws IOException {
    var others = new ArrayList<Path>();
    for (var user : users()) {
      var id = user.toFile().getName();
      var home = Site.text(user).map(Path::of);
      if (home.flatMap(path -> Site.text(path.resolve("cluster-id"))).equals(Optional.of(id))) {
        others.add(home.get());
      } else {
        Files.deleteIfExists(user);
      }
    }
    return others;
  }

  private List<Path> users() throws IOException {
    try (var users = Files.list(folder.resolve("users"))) {
      return users.sorted().toList();
    }
  }

  /** Returns the number of the zram device; empty if there is none. */
  Optional<String> zram() {
    return Site.text(folder.resolve("zram"));
  }

  void setZram(String number) throws IOException {
    write("zram", number);
  }

  void forgetZram() throws IOException {
    Files.deleteIfExists(folder.resolve("zram"));
  }

  void setLoadedModule() throws IOException {
    Files.write(folder.resolve("module"), new byte[0]);
  }

  boolean loadedModule() {
    return Files.exists(folder.resolve("module"));
  }

  /** Removes the record. */
  void delete() throws IOException {
    for (var user : users()) Files.deleteIfExists(user);
    for (var name : List.of("zram", "module", "boot", "lock", "users", "")) {
      try {
        Files.deleteIfExists(folder.resolve(name));
      } catch (DirectoryNotEmptyException waiting) {
        // Another process has begun a new record.
        return;
      }
    }
  }

  private void write(String name, String value) throws IOException {
    Files.writeString(folder.resolve(name), value + "\n");
  }

  @Override
  public void close() {
    lock.close();
  }
}

package dev.chowder.checks.machine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.base.Sha256;
import dev.chowder.checks.Project;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * The kernel and the first disk of the virtual machine, which are built from Debian packages once
 * for each recipe.
 *
 * @param folder in the cache
 * @param root the right to build it
 */
record MachineDisk(Project project, Root root, Path folder) {
  private static final String SUITE = "bookworm";
  private static final String PACKAGES =
      "systemd,systemd-sysv,dbus,udev,kmod,util-linux,mount,procps,iproute2,iptables,ca-certificates,"
          + "curl,docker.io,python3-minimal,linux-image-cloud-amd64,initramfs-tools,zstd";

  /** Checks start the engine themselves. */
  private static final List<String> DISABLED =
      List.of("docker.service", "docker.socket", "containerd.service");

  /** Timers and terminals only cost time. */
  private static final List<String> MASKED =
      List.of(
          "apt-daily.timer",
          "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer",
          "e2scrub_all.timer",
          "e2scrub_reap.service",
          "fstrim.timer",
          "getty@tty1.service",
          "serial-getty@ttyS0.service");

  private static final String UNIT = "check.service";
  private static final Duration BUILD_LIMIT = Duration.ofMinutes(30);
  private static final Duration DISK_LIMIT = Duration.ofMinutes(10);

  static MachineDisk of(Project project, Root root) {
    return new MachineDisk(project, root, project.cache().resolve("machine"));
  }

  Path file() {
    return folder.resolve("disk");
  }

  Path kernel() {
    return folder.resolve("kernel");
  }

  Path initrd() {
    return folder.resolve("initrd");
  }

  /** Builds the disk unless it was built from the same recipe. */
  void ensure() {
    new DebianPackages(project.file("scripts/lib")).ensure("qemu-system-x86_64", "qemu-system-x86");
    new DebianPackages(project.file("scripts/lib")).ensure("debootstrap", "debootstrap");
    var key = folder.resolve("key");
    try {
      if (Files.exists(key) && Files.readString(key).equals(recipe())) return;
      System.out.println("Building a virtual machine from Debian packages ...");
      remove(folder);
      Files.createDirectories(folder);
      build(folder.resolve("root"));
      remove(folder.resolve("root"));
      Files.writeString(key, recipe());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Writes the files of a folder to an ext4 disk. */
  void write(Path from, Path disk, String size) {
    run(Program.of("rm", "-f", disk.toString()));
    var _ = Program.of("truncate", "-s", size, disk.toString()).run();
    run(
        Program.of("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal")
            .and("-E", "lazy_itable_init=1", "-d", from.toString(), disk.toString())
            .within(DISK_LIMIT));
  }

  private void build(Path system) throws IOException {
    var name = system.toString();
    run(
        Program.of("debootstrap", "--variant=minbase", "--include=" + PACKAGES)
            .and(SUITE, name, mirror())
            .within(BUILD_LIMIT));
    for (var unit : DISABLED) run(Program.of("systemctl", "--root=" + name, "disable", unit));
    var units = name + "/etc/systemd/system/";
    for (var unit : MASKED) run(Program.of("ln", "-sf", "/dev/null", units + unit));
    run(Program.of("tee", units + UNIT).input(unit()));
    run(Program.of("systemctl", "--root=" + name, "enable", UNIT));
    run(Program.of("rm", "-rf", name + "/var/cache/apt/archives"));
    run(Program.of("sh", "-c", "cp \"$0\"/root/boot/vmlinuz-* \"$0/kernel\"", folder.toString()));
    run(
        Program.of(
            "sh", "-c", "cp \"$0\"/root/boot/initrd.img-* \"$0/initrd\"", folder.toString()));
    run(Program.of("chmod", "a+r", kernel().toString(), initrd().toString()));
    write(system, file(), "12G");
  }

  private void remove(Path path) {
    run(Program.of("rm", "-rf", path.toString()).within(DISK_LIMIT));
  }

  private void run(Program program) {
    try {
      var _ = root.run(program).run();
    } catch (ProgramException failed) {
      throw new IllegalStateException("cannot build the virtual machine", failed);
    }
  }

  private static String mirror() {
    return System.getenv().getOrDefault("CHOWDER_DEBIAN_MIRROR", "http://deb.debian.org/debian");
  }

  private static String unit() throws IOException {
    try (var in = MachineDisk.class.getResourceAsStream(UNIT)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
    }
  }

  private static String recipe() throws IOException {
    return Sha256.hex(
        String.join("\n", SUITE, PACKAGES, DISABLED.toString(), MASKED.toString(), unit()));
  }
}

package dev.chowder.operate.boot;

import dev.chowder.operate.process.Background;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The systemd unit of an installation. The processes have their own supervisors, so the unit only
 * starts everything once. It is retried, because Docker and the network may start later.
 */
record BootUnit(Site site) {
  private static final Path OF_MACHINE = Path.of("/etc/systemd/system");
  private static final int MORE_SECONDS = 30;

  /** Makes the same test as sd_booted(3). */
  static boolean isPossible() {
    return Files.isDirectory(Path.of("/run/systemd/system"));
  }

  /**
   * Returns the unit.
   *
   * @param user runs the installation; empty for the unit of the caller's own systemd
   */
  String text(Optional<String> user) {
    var text = new StringBuilder("[Unit]\n");
    text.append("Description=Chowder in ").append(percent(site.home().toString())).append('\n');
    if (user.isPresent()) {
      text.append("Wants=network-online.target docker.service\n");
      text.append("After=network-online.target docker.service postgresql.service\n");
    }
    text.append("\n[Service]\nType=oneshot\nRemainAfterExit=yes\n");
    user.ifPresent(name -> text.append("User=").append(name).append('\n'));
    // The path is an argument, since only arguments may contain any character.
    text.append("ExecStart=/bin/bash \"").append(quoted(site.file(Boot.SCRIPT))).append("\"\n");
    text.append("TimeoutStartSec=1h\nRestart=on-failure\nRestartSec=30s\n");
    text.append("TimeoutStopSec=").append(stopSeconds()).append("s\n\n[Install]\n");
    text.append("WantedBy=")
        .append(user.isPresent() ? "multi-user" : "default")
        .append(".target\n");
    return text.toString();
  }

  private int stopSeconds() {
    return (int) Background.stopLimit(site.variables()).toSeconds() + MORE_SECONDS;
  }

  /** Percent signs begin specifiers. */
  private static String percent(String text) {
    return text.replace("%", "%%");
  }

  /** Escapes also the quotes and backslashes of a quoted word, and the signs of variables. */
  private static String quoted(Path path) {
    return percent(path.toString()).replace("\\", "\\\\").replace("\"", "\\\"").replace("$", "$$");
  }

  private String name() {
    return "chowder-" + site.clusterId() + ".service";
  }

  private Path ofMachine() {
    return OF_MACHINE.resolve(name());
  }

  private Path ofUser() {
    return Path.of(site.variables().get("HOME"), ".config/systemd/user", name());
  }

  /**
   * Installs the unit for the whole machine if the user may become root, and otherwise for this
   * user, whose systemd then runs without a login. Returns whether it is installed.
   */
  boolean install() {
    var root = Root.find();
    var file = root.isPresent() ? ofMachine() : ofUser();
    var user = root.map(_ -> System.getProperty("user.name"));
    var text = text(user);
    var own = Program.of("systemctl");
    if (user.isEmpty()) own = own.and("--user");
    if (Site.text(file).equals(Optional.of(text.strip()))
        && own.and("-q", "is-enabled", name()).succeeds()) {
      return true;
    }
    boolean installed = root.isPresent() ? install(root.get(), text) : installForUser(text);
    if (installed) {
      site.say(
          "systemd starts Chowder after a reboot (%s). %s removes this unit."
              .formatted(file, site.command("down")));
    }
    return installed;
  }

  private boolean install(Root root, String text) {
    var file = ofMachine().toString();
    return root.run(Program.of("tee", file).input(text)).succeeds()
        && shown(root, "chmod", "644", file)
        && shown(root, "systemctl", "daemon-reload")
        && shown(root, "systemctl", "-q", "enable", name());
  }

  private boolean installForUser(String text) {
    try {
      Files.createDirectories(OwnerOnly.folderOf(ofUser()));
      Files.writeString(ofUser(), text);
    } catch (IOException failed) {
      return false;
    }
    return shown("systemctl", "--user", "daemon-reload")
        && shown("systemctl", "--user", "-q", "enable", name())
        && shown("loginctl", "enable-linger");
  }

  /** Removes both kinds of unit. */
  void remove() {
    if (Files.exists(ofMachine())) removeOfMachine();
    if (Files.exists(ofUser())) {
      var _ = shown("systemctl", "--user", "-q", "disable", "--now", name());
      Site.delete(ofUser());
      var _ = shown("systemctl", "--user", "daemon-reload");
    }
  }

  private void removeOfMachine() {
    var file = ofMachine().toString();
    var root = Root.find();
    if (root.isPresent()) {
      var _ = shown(root.get(), "systemctl", "-q", "disable", "--now", name());
    }
    if (root.isEmpty() || !shown(root.get(), "rm", "-f", file)) {
      site.say("cannot remove " + file + ": remove it as root.");
    }
    if (root.isPresent()) {
      var _ = shown(root.get(), "systemctl", "daemon-reload");
    }
  }

  /** Runs a program that prints why it failed, and returns whether it succeeded. */
  private boolean shown(String... words) {
    return Program.of(words).within(limit()).shown().succeeds();
  }

  private boolean shown(Root root, String... words) {
    return root.run(Program.of(words).within(limit()).shown()).succeeds();
  }

  /** Twice the time that systemd takes to stop the unit. */
  private Duration limit() {
    return Duration.ofSeconds(2L * stopSeconds());
  }
}

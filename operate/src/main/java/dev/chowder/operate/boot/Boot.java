package dev.chowder.operate.boot;

import dev.chowder.operate.process.Background;
import dev.chowder.operate.site.Site;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Starts the installation after a reboot: by a systemd unit if the host runs systemd, and otherwise
 * by a script that the operator runs. Not thread-safe.
 */
public final class Boot {
  /** The name of the script in the state directory. */
  static final String SCRIPT = "boot";

  private final Site site;
  private final BootUnit unit;
  private @Nullable String script;

  public Boot(Site site) {
    this.site = site;
    this.unit = new BootUnit(site);
  }

  /**
   * Records the caller's settings.
   *
   * @param caller the variables of the caller, before the installation adds its own
   */
  public void remember(Map<String, String> caller) {
    script = new BootScript(site).text(caller);
  }

  /** Makes the installation start after a reboot, with the settings that it remembers. */
  public void ensure() {
    if (script == null) throw new IllegalStateException("the caller's settings are not recorded");
    if (!site.variables().get("CHOWDER_START_AT_BOOT").equals("yes")) {
      remove();
      return;
    }
    writeScript(script);
    if (!BootUnit.isPossible()) return;
    var secret = secret();
    if (secret.isPresent()) {
      site.say(
          ("Chowder will not start after a reboot: %1$s is set in the environment and is never"
                  + " written to the disk. Set %1$s_FILE instead.")
              .formatted(secret.get()));
      unit.remove();
    } else if (!unit.install()) {
      site.say(
          ("Chowder will not start after a reboot: the systemd unit could not be installed. Run %s"
                  + " after a reboot.")
              .formatted(site.file(SCRIPT)));
    }
  }

  /** Removes the unit, so that a stopped installation stays stopped after a reboot. */
  public void remove() {
    site.delete(SCRIPT);
    if (BootUnit.isPossible()) unit.remove();
  }

  private Optional<String> secret() {
    return Background.NODE_SECRETS.stream()
        .filter(name -> site.variables().find(name).isPresent())
        .findFirst();
  }

  private void writeScript(String text) {
    site.write(SCRIPT, text);
    try {
      Files.setPosixFilePermissions(
          site.file(SCRIPT), PosixFilePermissions.fromString("rwx------"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}

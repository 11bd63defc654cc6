package dev.chowder.openclaw.home;

import java.util.ArrayList;
import java.util.List;

/**
 * Builds OpenClaw's command lines for a container that just started, and that is the only container
 * of its home volume in which OpenClaw runs.
 */
public final class OpenClawCommand {
  /**
   * Expires all leases in OpenClaw's database. Its processes exclude one another by leases of five
   * minutes and wait that long. If a process died with a lease, for example while it installed a
   * plugin, the next start would not be ready in time. No holder can be running here. Only the
   * expiry time is changed, since rows that are no leases have none. A new home has no database.
   */
  private static final String END_LEASES =
      """
      try {
        const { DatabaseSync } = require("node:sqlite");
        const database = new DatabaseSync(process.argv[1], { timeout: 5000 });
        database.exec("UPDATE state_leases SET expires_at = 0 WHERE expires_at > 0");
        database.close();
      } catch (failure) {
        console.error("leases of the dead may delay this start: " + failure.message);
      }
      """;

  private OpenClawCommand() {}

  /**
   * Returns the command line, which first expires leases and removes {@link OpenClawHome#WARMS_UP}
   * and {@link OpenClawHome#CONTROL_UI_COPY}. An agent can write the first file and would otherwise
   * stay without requests. OpenClaw replaces the shell, so that signals reach it.
   */
  public static List<String> afterCleanup(String... words) {
    var command = new ArrayList<>(List.of("sh", "-c"));
    command.add(
        "file=\"$HOME/.openclaw/state/openclaw.sqlite\";"
            + " [ ! -e \"$file\" ] || node --no-warnings -e \"$0\" \"$file\";"
            + " rm -rf \"$HOME/"
            + OpenClawHome.WARMS_UP
            + "\" \"$HOME/"
            + OpenClawHome.CONTROL_UI_COPY
            + "\";"
            + " exec openclaw \"$@\"");
    command.add(END_LEASES);
    command.addAll(List.of(words));
    return List.copyOf(command);
  }
}

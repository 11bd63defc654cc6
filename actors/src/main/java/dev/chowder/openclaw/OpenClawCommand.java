package dev.chowder.openclaw;

import java.util.ArrayList;
import java.util.List;

/**
 * OpenClaw's own commands, in a container that just began and is the only one of its home in which
 * OpenClaw runs.
 */
final class OpenClawCommand {
  /**
   * OpenClaw's processes exclude one another by leases of five minutes in their database, and wait
   * for them as long as that. Whoever died holding some, in the midst of a plugin's installation
   * for example, would keep the next start from being ready in time. Here nobody who holds one can
   * be alive, so their time is over. Only the time is changed: other rows than leases have none.
   */
  private static final String END_LEASES =
      """
      const { existsSync } = require("node:fs");
      const file = process.env.HOME + "/.openclaw/state/openclaw.sqlite";
      if (existsSync(file)) {
        try {
          const { DatabaseSync } = require("node:sqlite");
          const database = new DatabaseSync(file, { timeout: 5000 });
          database.exec("UPDATE state_leases SET expires_at = 0 WHERE expires_at > 0");
          database.close();
        } catch (failure) {
          console.error("leases of the dead may delay this start: " + failure.message);
        }
      }
      """;

  private OpenClawCommand() {}

  /** The command line. What it runs takes the place of the shell: signals reach it. */
  static List<String> alone(String... words) {
    var command = new ArrayList<>(List.of("sh", "-c"));
    command.add("node --no-warnings -e \"$0\"; exec openclaw \"$@\"");
    command.add(END_LEASES);
    command.addAll(List.of(words));
    return List.copyOf(command);
  }
}

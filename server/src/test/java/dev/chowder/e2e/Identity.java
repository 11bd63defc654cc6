package dev.chowder.e2e;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Everything that identifies an agent or could be used to impersonate it: keys, tokens and ids in
 * OpenClaw's state database, key files, and Chowder's token.
 */
final class Identity {
  /** Matches a key, a hash or an id, but no name or platform. */
  private static final Pattern LIKELY = Pattern.compile("[A-Za-z0-9+/_=-]{24,}");

  private static final String SCRIPT =
      """
      const fs = require("node:fs");
      const { DatabaseSync } = require("node:sqlite");
      const home = "/home/node/.openclaw/";
      const found = (where, value) => console.log(where + "\\t" + String(value).replaceAll(/\\s+/g, " "));
      const database = new DatabaseSync(home + "state/openclaw.sqlite", { readOnly: true });
      const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
      for (const { name } of tables.filter(t => /ident|key|token|secret|device|credential/.test(t.name))) {
        for (const row of database.prepare("select * from " + name).all()) {
          for (const [column, value] of Object.entries(row)) {
            found(name + "." + column, value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value);
          }
        }
      }
      for (const file of fs.readdirSync(home, { recursive: true }).filter(f => f.endsWith(".key"))) {
        found(file, fs.readFileSync(home + file).toString("hex"));
      }
      found("gateway-token", fs.readFileSync(home + "chowder/gateway-token"));
      """;

  private Identity() {}

  /** Returns the location of each value, by value. */
  static Map<String, String> of(Agent agent) {
    var places = new TreeMap<String, String>();
    Docker.docker("exec", agent.container(), "node", "-e", SCRIPT)
        .out()
        .lines()
        .forEach(
            line -> {
              String[] parts = line.split("\t", 2);
              LIKELY
                  .matcher(parts[1])
                  .results()
                  .forEach(match -> places.put(match.group(), parts[0]));
            });
    return places;
  }
}

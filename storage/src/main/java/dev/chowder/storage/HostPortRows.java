package dev.chowder.storage;

import static dev.chowder.storage.SqlValues.time;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jdbi.v3.core.Jdbi;

/**
 * Stores operators' decisions about ports of the host's loopback, and the ports that organizations
 * use. Does not know the consequences of either.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class HostPortRows {
  private final Database database;
  private final Jdbi jdbi;

  public HostPortRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /** Returns the ports with an operator's decision: true if the port is listed. */
  public Map<Integer, Boolean> decisions() {
    return new Sql(jdbi, "SELECT port, listed FROM host_ports")
        .map((row, _) -> row.getInt("port"), (row, _) -> row.getBoolean("listed"));
  }

  /** Stores a decision, which replaces the previous one. */
  public void decide(int port, boolean listed, Instant now) {
    database.upsert(
        Upsert.into("host_ports")
            .key("port", port)
            .set("listed", listed)
            .set("decided_at", time(now)));
  }

  /** Returns the ports in use, each with the ids of the organizations that use it, in order. */
  public Map<Integer, Set<String>> uses() {
    Map<Integer, Set<String>> all = new TreeMap<>();
    new Sql(jdbi, "SELECT port, organization_id FROM host_port_uses")
        .list(
            (row, _) ->
                all.computeIfAbsent(row.getInt("port"), _ -> new TreeSet<>())
                    .add(row.getString("organization_id")));
    return all;
  }

  /** Records that an organization uses a port now. */
  public void use(int port, String organizationId, Instant now) {
    database.upsert(
        Upsert.into("host_port_uses")
            .key("port", port)
            .key("organization_id", organizationId)
            .set("used_at", time(now)));
  }

  /**
   * Replaces the stored uses by those found. Adds missing uses. Removes uses that were not found
   * and are older than {@code before}, since a use may have begun in the meantime.
   *
   * @param found ports with the ids of the organizations that use them
   * @return whether anything changed
   */
  public boolean reconcile(Map<Integer, Set<String>> found, Instant before, Instant now) {
    var stored = uses();
    boolean changed = false;
    for (var entry : found.entrySet()) {
      for (var organization : entry.getValue()) {
        if (isIn(stored, entry.getKey(), organization)) continue;
        use(entry.getKey(), organization, now);
        changed = true;
      }
    }
    for (var entry : stored.entrySet()) {
      for (var organization : entry.getValue()) {
        if (isIn(found, entry.getKey(), organization)) continue;
        changed |= remove(entry.getKey(), organization, before);
      }
    }
    return changed;
  }

  private static boolean isIn(Map<Integer, Set<String>> uses, int port, String organization) {
    return uses.getOrDefault(port, Set.of()).contains(organization);
  }

  private boolean remove(int port, String organizationId, Instant before) {
    return new Sql(
                jdbi,
                "DELETE FROM host_port_uses WHERE port = :port AND organization_id ="
                    + " :organization AND used_at < :before")
            .bind("port", port)
            .bind("organization", organizationId)
            .bind("before", time(before))
            .update()
        > 0;
  }
}

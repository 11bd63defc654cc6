package dev.chowder.storage;

import static dev.chowder.storage.SqlValues.instant;
import static dev.chowder.storage.SqlValues.time;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/**
 * Stores operators' decisions that another host has the home volumes of a host. Does not know which
 * hosts exist.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class HostRebindingRows {
  private final Database database;
  private final Jdbi jdbi;

  public HostRebindingRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /**
   * A host that was rebound.
   *
   * @param engine name of the engine of both hosts
   * @param host identity of the previous host
   * @param reboundTo identity of the host that has its home volumes
   * @param at when the operator decided it
   */
  public record Rebinding(String engine, String host, String reboundTo, Instant at) {}

  /** Returns all rebindings, by engine and host. */
  public List<Rebinding> all() {
    return new Sql(jdbi, "SELECT * FROM host_rebindings ORDER BY engine, host")
        .list(
            (row, _) ->
                new Rebinding(
                    row.getString("engine"),
                    row.getString("host"),
                    row.getString("rebound_to"),
                    instant(row, "rebound_at")));
  }

  /** Stores a rebinding, which replaces the previous one of its host. */
  public void put(Rebinding rebinding) {
    database.upsert(
        Upsert.into("host_rebindings")
            .key("engine", rebinding.engine())
            .key("host", rebinding.host())
            .set("rebound_to", rebinding.reboundTo())
            .set("rebound_at", time(rebinding.at())));
  }

  /** Removes the rebinding of a host, if there is one. */
  public void remove(String engine, String host) {
    new Sql(jdbi, "DELETE FROM host_rebindings WHERE engine = :engine AND host = :host")
        .bind("engine", engine)
        .bind("host", host)
        .update();
  }
}

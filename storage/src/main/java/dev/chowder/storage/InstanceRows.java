package dev.chowder.storage;

import static dev.chowder.storage.SqlValues.instant;
import static dev.chowder.storage.SqlValues.optionalInstant;
import static dev.chowder.storage.SqlValues.time;
import static java.util.Comparator.comparing;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * Stores the read-model rows of instances. Does not know the meaning of a status or the contents of
 * a view.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class InstanceRows {
  private final Database database;
  private final Jdbi jdbi;

  public InstanceRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /**
   * A row to write.
   *
   * @param labelsToo whether its labels, or its position, may differ from those that were written
   *     last
   */
  public record Write(InstanceRow row, boolean labelsToo) {}

  /**
   * Writes the row unless a newer revision is stored. The same revision is written again, since a
   * rebuild may change its contents.
   *
   * @return whether it was written
   */
  public boolean upsert(InstanceRow row) {
    return upsert(new Write(row, true));
  }

  private boolean upsert(Write one) {
    // A single statement needs no explicit transaction.
    if (!one.labelsToo()) return database.upsert(whole(one.row()));
    return database.write(
        handle -> {
          if (!database.upsert(handle, whole(one.row()))) return false;
          InstanceLabels.replace(handle, one.row());
          return true;
        });
  }

  /** Writes several rows in one transaction. {@link #upsert} applies to each. */
  public void upsertAll(List<Write> rows) {
    if (rows.size() == 1) {
      upsert(rows.getFirst());
      return;
    }
    // Sorted, so that two nodes never wait for each other's row.
    var inOrder = rows.stream().sorted(comparing(one -> one.row().id())).toList();
    database.write(
        handle -> {
          var written =
              database.upsertAll(handle, inOrder.stream().map(one -> whole(one.row())).toList());
          for (int n = 0; n < inOrder.size(); n++) {
            if (written[n] && inOrder.get(n).labelsToo())
              InstanceLabels.replace(handle, inOrder.get(n).row());
          }
          return written;
        });
  }

  /** Returns the row, also of a terminated instance. */
  public Optional<InstanceRow> get(String id) {
    return new Sql(jdbi, "SELECT * FROM instances WHERE id = :id")
        .bind("id", id)
        .find(InstanceRows::read);
  }

  /** Returns how many of these instances the organization's lists contain. */
  public int countLive(String organizationId, Set<String> ids) {
    if (ids.isEmpty()) return 0;
    return new Sql(
            jdbi,
            "SELECT COUNT(*) FROM instances WHERE organization_id = :organization AND"
                + " terminated_at IS NULL AND position > '' AND id IN (<ids>)")
        .bind("organization", organizationId)
        .bind("ids", List.copyOf(ids))
        .find((row, _) -> row.getInt(1))
        .orElseThrow();
  }

  /**
   * Returns a page of an organization's instances that are listed and not terminated, newest first.
   *
   * @param pageSize at least 1; the caller enforces the maximum
   * @param after the last position of the previous page; empty for the first page
   */
  public List<InstanceRow> list(
      String organizationId, InstanceFilter filter, int pageSize, Optional<String> after) {
    return jdbi.withHandle(
        handle ->
            listing(handle, "", organizationId, filter, pageSize, after)
                .map(InstanceRows::read)
                .list());
  }

  /** Returns the query of {@link #list}, with {@code EXPLAIN} before it if requested. */
  Query listing(
      Handle handle,
      String explain,
      String organizationId,
      InstanceFilter filter,
      int pageSize,
      Optional<String> after) {
    var beyond = filter.namePrefix().flatMap(SqlValues::beyond);
    StringBuilder sql =
        new StringBuilder(explain)
            .append(
                "SELECT * FROM instances i WHERE organization_id = :organization AND terminated_at"
                    + " IS NULL AND position > ''");
    if (after.isPresent()) sql.append(" AND position < :after");
    if (filter.status().isPresent()) sql.append(" AND status = :status");
    // The range allows the use of an index of names even if the pattern is unknown when the query
    // is planned.
    if (filter.namePrefix().isPresent()) {
      sql.append(" AND name LIKE :pattern ESCAPE '\\' AND name >= :prefix");
    }
    if (beyond.isPresent()) sql.append(" AND name < :beyond");
    List<Map.Entry<String, String>> labels = List.copyOf(new TreeMap<>(filter.labels()).entrySet());
    for (int n = 0; n < labels.size(); n++) {
      // Not by id as well: PostgreSQL would expect one row for two conditions, and sort.
      sql.append(
          (" AND EXISTS (SELECT 1 FROM instance_labels l WHERE l.organization_id = :organization"
                  + " AND l.label_key = :key%1$d AND l.label_value = :value%1$d AND l.position ="
                  + " i.position")
              .formatted(n));
      // Repeated here, since no database derives this condition: each would start at the newest
      // instance.
      if (after.isPresent()) sql.append(" AND l.position < :after");
      sql.append(")");
    }
    sql.append(" ORDER BY ")
        .append(database.newestInstancesFirst(filter.status().isPresent()))
        .append(" LIMIT :limit");
    Query query = handle.createQuery(sql.toString());
    query.bind("organization", organizationId).bind("limit", pageSize);
    after.ifPresent(position -> query.bind("after", position));
    filter.status().ifPresent(status -> query.bind("status", status));
    filter
        .namePrefix()
        .ifPresent(
            prefix -> query.bind("pattern", SqlValues.startingWith(prefix)).bind("prefix", prefix));
    beyond.ifPresent(text -> query.bind("beyond", text));
    for (int n = 0; n < labels.size(); n++) {
      query.bind("key" + n, labels.get(n).getKey());
      query.bind("value" + n, labels.get(n).getValue());
    }
    return query;
  }

  /**
   * Returns an organization's instances of one status that are not listed and not terminated, by
   * id, oldest first.
   */
  public List<InstanceRow> unlisted(String organizationId, String status) {
    return jdbi.withHandle(
        handle -> unlisted(handle, "", organizationId, status).map(InstanceRows::read).list());
  }

  /** Returns the query of {@link #unlisted(String, String)}, as {@link #listing} does. */
  static Query unlisted(Handle handle, String explain, String organizationId, String status) {
    return handle
        .createQuery(
            explain
                + "SELECT * FROM instances WHERE organization_id = :organization AND terminated_at"
                + " IS NULL AND status = :status AND position = '' ORDER BY id")
        .bind("organization", organizationId)
        .bind("status", status);
  }

  /**
   * Returns the newest listed instances of all organizations by id, newest first. Includes
   * terminated ones.
   *
   * @param fromId the first id; earlier ones are not read
   */
  public List<InstanceRow> newestSince(String fromId, int limit) {
    return jdbi.withHandle(
        handle -> newestSince(handle, "", fromId, limit).map(InstanceRows::read).list());
  }

  /** Returns the query of {@link #newestSince(String, int)}, as {@link #listing} does. */
  static Query newestSince(Handle handle, String explain, String fromId, int limit) {
    return handle
        .createQuery(
            explain
                + "SELECT * FROM instances WHERE id >= :from AND position > '' ORDER BY id DESC"
                + " LIMIT :limit")
        .bind("from", fromId)
        .bind("limit", limit);
  }

  /**
   * Returns a page of all organizations' instances that are listed and not terminated, by id,
   * newest first.
   *
   * @param organizationId only instances of this organization; empty for all
   * @param status only instances with this status; empty for all
   * @param before the last id of the previous page; empty for the first page
   */
  public List<InstanceRow> newest(
      Optional<String> organizationId,
      Optional<String> status,
      int limit,
      Optional<String> before) {
    var sql = new StringBuilder("SELECT * FROM instances WHERE terminated_at IS NULL");
    sql.append(" AND position > ''");
    if (organizationId.isPresent()) sql.append(" AND organization_id = :organization");
    if (status.isPresent()) sql.append(" AND status = :status");
    if (before.isPresent()) sql.append(" AND id < :before");
    var query = new Sql(jdbi, sql.append(" ORDER BY id DESC LIMIT :limit").toString());
    organizationId.ifPresent(id -> query.bind("organization", id));
    status.ifPresent(name -> query.bind("status", name));
    before.ifPresent(id -> query.bind("before", id));
    return query.bind("limit", limit).list(InstanceRows::read);
  }

  /**
   * Passes all organizations' instances that are not terminated to a consumer, by id, oldest first.
   * Includes those that are not listed. Reads one page at a time, so that a large fleet does not
   * occupy the database for long.
   */
  public void forEachLive(int pageSize, Consumer<InstanceRow> consumer) {
    forEach("terminated_at IS NULL", pageSize, consumer);
  }

  /**
   * Passes the same instances to a consumer as {@link #forEachLive}, and also the terminated ones
   * whose effect is pending, such as the removal of their sandbox.
   */
  public void forEachKept(int pageSize, Consumer<InstanceRow> consumer) {
    forEach("(terminated_at IS NULL OR owes_since IS NOT NULL)", pageSize, consumer);
  }

  private void forEach(String condition, int pageSize, Consumer<InstanceRow> consumer) {
    Paging.rows(pageSize, after -> page(condition, pageSize, after.orElse("")), InstanceRow::id)
        .forEach(consumer);
  }

  private List<InstanceRow> page(String condition, int pageSize, String after) {
    return new Sql(
            jdbi,
            "SELECT * FROM instances WHERE "
                + condition
                + " AND id > :after ORDER BY id LIMIT :limit")
        .bind("after", after)
        .bind("limit", pageSize)
        .list(InstanceRows::read);
  }

  /**
   * Returns instances of all organizations whose effect has been pending since {@code notAfter} or
   * earlier, longest first.
   */
  public List<InstanceRow> pendingBefore(Instant notAfter, int limit) {
    // Without the lower bound, H2 reads the index of all instances without a pending effect.
    return new Sql(
            jdbi,
            "SELECT * FROM instances WHERE owes_since >= :ever AND owes_since <= :notAfter"
                + " ORDER BY owes_since, id LIMIT :limit")
        .bind("ever", time(Instant.EPOCH))
        .bind("notAfter", time(notAfter))
        .bind("limit", limit)
        .list(InstanceRows::read);
  }

  /** An instance with a pending effect, and the time since which it is pending. */
  public record Pending(String id, Instant since) {}

  /**
   * Returns a page of the instances of all organizations whose effect has been pending for some
   * time, longest first. Includes effects that are pending since a time in the future: the clock
   * was set back, so their duration is unknown.
   *
   * @param atLeast minimum duration
   * @param after the last entry of the previous page; empty for the first page
   */
  public List<Pending> pending(
      Instant now, Duration atLeast, int pageSize, Optional<Pending> after) {
    // The lower bound makes H2 use the index; a comparison of pairs would not.
    return new Sql(
            jdbi,
            "SELECT id, owes_since FROM instances WHERE owes_since >= :since AND"
                + " (owes_since <= :notAfter OR owes_since > :now) AND (owes_since > :since"
                + " OR id > :id) ORDER BY owes_since, id LIMIT :limit")
        .bind("since", time(after.map(Pending::since).orElse(Instant.EPOCH)))
        .bind("id", after.map(Pending::id).orElse(""))
        .bind("notAfter", time(now.minus(atLeast)))
        .bind("now", time(now))
        .bind("limit", pageSize)
        .list((row, _) -> new Pending(row.getString("id"), instant(row, "owes_since")));
  }

  /**
   * Returns the number of instances with a pending effect, and the earliest time since which one is
   * pending.
   */
  public PendingWork pending() {
    // As above, the lower bound makes H2 use the index.
    return new Sql(
            jdbi,
            "SELECT COUNT(*) AS n, MIN(owes_since) AS since FROM instances WHERE owes_since"
                + " >= :ever")
        .bind("ever", time(Instant.EPOCH))
        .find((row, _) -> new PendingWork(row.getInt("n"), optionalInstant(row, "since")))
        .orElseThrow();
  }

  /** The result of {@link #pending()}. */
  public record PendingWork(int instances, Optional<Instant> since) {}

  /**
   * Returns the number of instances by status, without terminated ones. A status without instances
   * is missing.
   */
  public Map<String, Integer> countByStatus() {
    return new Sql(
            jdbi,
            "SELECT status, COUNT(*) AS n FROM instances WHERE terminated_at IS NULL GROUP BY status")
        .map((row, _) -> row.getString("status"), (row, _) -> row.getInt("n"));
  }

  private static InstanceRow read(ResultSet row, StatementContext context) throws SQLException {
    return new InstanceRow(
        row.getString("id"),
        row.getString("position"),
        row.getString("organization_id"),
        row.getInt("revision"),
        row.getString("status"),
        row.getString("name"),
        SqlValues.texts(row.getString("labels")),
        instant(row, "created_at"),
        instant(row, "updated_at"),
        optionalInstant(row, "terminated_at"),
        optionalInstant(row, "owes_since"),
        row.getBoolean("holds_slot"),
        ByteString.copyFrom(row.getBytes("view")));
  }

  private static Upsert whole(InstanceRow row) {
    return Upsert.into("instances")
        .key("id", row.id())
        .set("position", row.position())
        .set("organization_id", row.organizationId())
        .set("revision", row.revision())
        .set("status", row.status())
        .set("name", row.name())
        .set("labels", SqlValues.json(row.labels()))
        .set("created_at", time(row.createdAt()))
        .set("updated_at", time(row.updatedAt()))
        .set("terminated_at", time(row.terminatedAt()))
        .set("owes_since", time(row.owesSince()))
        .set("holds_slot", row.holdsSlot())
        .set("view", row.view().toByteArray());
  }
}

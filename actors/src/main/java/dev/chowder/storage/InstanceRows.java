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
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * The read rows of instances. Knows neither what a status means nor what a view holds.
 *
 * <p>Every call blocks, and waits for a connection no longer than {@code
 * chowder.storage.connection-time-out}.
 */
public final class InstanceRows {
  private final Database database;
  private final Jdbi jdbi;

  public InstanceRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /**
   * A row to be written.
   *
   * @param labelsToo whether its labels may differ from those that were written last
   */
  public record Write(InstanceRow row, boolean labelsToo) {}

  /**
   * Writes the row, unless a newer revision is there. The same revision is written again: a rebuild
   * may show it differently.
   *
   * @return whether it was written
   */
  public boolean upsert(InstanceRow row) {
    return upsert(new Write(row, true));
  }

  private boolean upsert(Write one) {
    // One statement needs no transaction of ours.
    if (!one.labelsToo()) return database.upsert(whole(one.row()));
    return database.write(
        handle -> {
          if (!database.upsert(handle, whole(one.row()))) return false;
          replaceLabels(handle, one.row());
          return true;
        });
  }

  /** The same of several rows in one transaction, each by the same rule. */
  public void upsertAll(List<Write> rows) {
    if (rows.size() == 1) {
      upsert(rows.getFirst());
      return;
    }
    // In one order, so that two nodes never wait for each other's row.
    var inOrder = rows.stream().sorted(comparing(one -> one.row().id())).toList();
    database.write(
        handle -> {
          var written =
              database.upsertAll(handle, inOrder.stream().map(one -> whole(one.row())).toList());
          for (int n = 0; n < inOrder.size(); n++) {
            if (written[n] && inOrder.get(n).labelsToo())
              replaceLabels(handle, inOrder.get(n).row());
          }
          return written;
        });
  }

  /** The row, also of a terminated instance. */
  public Optional<InstanceRow> get(String id) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery("SELECT * FROM instances WHERE id = :id")
                .bind("id", id)
                .map(InstanceRows::read)
                .findOne());
  }

  /** How many of these are an organization's and not terminated. */
  public int countLive(String organizationId, Set<String> ids) {
    if (ids.isEmpty()) return 0;
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT COUNT(*) FROM instances WHERE organization_id = :organization AND"
                        + " terminated_at IS NULL AND id IN (<ids>)")
                .bind("organization", organizationId)
                .bindList("ids", List.copyOf(ids))
                .mapTo(Integer.class)
                .one());
  }

  /**
   * A page of an organization's instances that are not terminated, newest first.
   *
   * @param pageSize at least 1; the caller knows the limit
   * @param after the id that the page before ended with
   */
  public List<InstanceRow> list(
      String organizationId, InstanceFilter filter, int pageSize, Optional<String> after) {
    return jdbi.withHandle(
        handle ->
            listing(handle, "", organizationId, filter, pageSize, after)
                .map(InstanceRows::read)
                .list());
  }

  /** What {@link #list} asks, after {@code EXPLAIN} or nothing. */
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
                    + " IS NULL");
    if (after.isPresent()) sql.append(" AND id < :after");
    if (filter.status().isPresent()) sql.append(" AND status = :status");
    // The range is what an index of names can be asked for, also where the pattern is not known
    // when the query is planned.
    if (filter.namePrefix().isPresent()) {
      sql.append(" AND name LIKE :pattern ESCAPE '\\' AND name >= :prefix");
    }
    if (beyond.isPresent()) sql.append(" AND name < :beyond");
    List<Map.Entry<String, String>> labels = List.copyOf(new TreeMap<>(filter.labels()).entrySet());
    for (int n = 0; n < labels.size(); n++) {
      sql.append(
          " AND EXISTS (SELECT 1 FROM instance_labels l WHERE l.organization_id = :organization AND"
              + " l.label_key = :key%1$d AND l.label_value = :value%1$d AND l.instance_id = i.id"
                  .formatted(n));
      // Said here, too: no database concludes it, and would begin with the newest again.
      if (after.isPresent()) sql.append(" AND l.instance_id < :after");
      sql.append(")");
    }
    sql.append(" ORDER BY ")
        .append(database.newestInstancesFirst(filter.status().isPresent()))
        .append(" LIMIT :limit");
    Query query = handle.createQuery(sql.toString());
    query.bind("organization", organizationId).bind("limit", pageSize);
    after.ifPresent(id -> query.bind("after", id));
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
   * A page of all organizations' instances that are not terminated, oldest first: what sweeps go
   * through.
   *
   * @param after the id that the page before ended with
   */
  public List<InstanceRow> live(int pageSize, Optional<String> after) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT * FROM instances WHERE terminated_at IS NULL AND id > :after ORDER BY"
                        + " id LIMIT :limit")
                .bind("after", after.orElse(""))
                .bind("limit", pageSize)
                .map(InstanceRows::read)
                .list());
  }

  /**
   * Instances, of whatever organization, that are owed something since {@code notAfter} or earlier;
   * the longest first.
   */
  public List<InstanceRow> pendingBefore(Instant notAfter, int limit) {
    return jdbi.withHandle(
        handle ->
            handle
                // Without the lower bound H2 walks the index through all that owe nothing.
                .createQuery(
                    "SELECT * FROM instances WHERE owes_since >= :ever AND owes_since <= :notAfter"
                        + " ORDER BY owes_since, id LIMIT :limit")
                .bind("ever", time(Instant.EPOCH))
                .bind("notAfter", time(notAfter))
                .bind("limit", limit)
                .map(InstanceRows::read)
                .list());
  }

  /** An instance with a pending effect, and since when it is pending. */
  public record Pending(String id, Instant since) {}

  /**
   * Returns a page of the instances of all organizations whose effect has been pending for some
   * time, longest first. One that is pending since a later time than now is included: the clock was
   * set back, so for how long is unknown.
   *
   * @param atLeast how long
   * @param after the last entry of the previous page
   */
  public List<Pending> pending(
      Instant now, Duration atLeast, int pageSize, Optional<Pending> after) {
    return jdbi.withHandle(
        handle ->
            handle
                // The lower bound keeps H2 on the index; a comparison of pairs would not.
                .createQuery(
                    "SELECT id, owes_since FROM instances WHERE owes_since >= :since AND"
                        + " (owes_since <= :notAfter OR owes_since > :now) AND (owes_since > :since"
                        + " OR id > :id) ORDER BY owes_since, id LIMIT :limit")
                .bind("since", time(after.map(Pending::since).orElse(Instant.EPOCH)))
                .bind("id", after.map(Pending::id).orElse(""))
                .bind("notAfter", time(now.minus(atLeast)))
                .bind("now", time(now))
                .bind("limit", pageSize)
                .map((row, _) -> new Pending(row.getString("id"), instant(row, "owes_since")))
                .list());
  }

  /** How many instances are owed something, and since when the first of them is. */
  public PendingWork pending() {
    return jdbi.withHandle(
        handle ->
            handle
                // The lower bound keeps H2 on the index, as above.
                .createQuery(
                    "SELECT COUNT(*) AS n, MIN(owes_since) AS since FROM instances WHERE owes_since"
                        + " >= :ever")
                .bind("ever", time(Instant.EPOCH))
                .map((row, _) -> new PendingWork(row.getInt("n"), optionalInstant(row, "since")))
                .one());
  }

  /** What {@link #pending()} found. */
  public record PendingWork(int instances, Optional<Instant> since) {}

  /** How many instances there are of each status, without the terminated ones; absent: none. */
  public Map<String, Integer> countByStatus() {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT status, COUNT(*) AS n FROM instances WHERE terminated_at IS NULL GROUP"
                        + " BY status")
                .reduceRows(
                    new TreeMap<String, Integer>(),
                    (counts, row) -> {
                      counts.put(
                          row.getColumn("status", String.class), row.getColumn("n", Integer.class));
                      return counts;
                    }));
  }

  private static InstanceRow read(ResultSet row, StatementContext context) throws SQLException {
    return new InstanceRow(
        row.getString("id"),
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

  private static void replaceLabels(Handle handle, InstanceRow row) {
    Map<String, String> wanted = row.terminatedAt().isPresent() ? Map.of() : row.labels();
    Map<String, String> there =
        handle
            .createQuery(
                "SELECT label_key, label_value FROM instance_labels WHERE instance_id = :id AND"
                    + " organization_id = :organization")
            .bind("id", row.id())
            .bind("organization", row.organizationId())
            .reduceRows(
                new TreeMap<String, String>(),
                (labels, label) -> {
                  labels.put(
                      label.getColumn("label_key", String.class),
                      label.getColumn("label_value", String.class));
                  return labels;
                });
    // Most revisions change no label, and then nothing is written.
    if (there.equals(wanted)) return;
    handle.execute("DELETE FROM instance_labels WHERE instance_id = ?", row.id());
    wanted.forEach(
        (key, value) ->
            handle.execute(
                "INSERT INTO instance_labels (instance_id, label_key, label_value,"
                    + " organization_id) VALUES (?, ?, ?, ?)",
                row.id(),
                key,
                value,
                row.organizationId()));
  }
}

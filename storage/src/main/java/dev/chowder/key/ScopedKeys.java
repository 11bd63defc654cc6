package dev.chowder.key;

import static dev.chowder.storage.SqlValues.instant;
import static dev.chowder.storage.SqlValues.optionalInstant;
import static dev.chowder.storage.SqlValues.time;

import dev.chowder.key.KeyText.Kind;
import dev.chowder.secret.Secret;
import dev.chowder.storage.Database;
import dev.chowder.storage.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Creates, lists and revokes the scoped keys of organizations. {@link ApiKeys} authenticates them.
 *
 * <p>Every call may block on the database.
 */
public final class ScopedKeys {
  private static final String OF_ORGANIZATION = " organization_id = :organization AND kind = :kind";
  private static final String ENDED =
      " (revoked_at IS NOT NULL OR COALESCE(expires_at <= :now, FALSE))";

  private final Jdbi jdbi;
  private final ApiKeys keys;
  private final int max;
  private final InstantSource clock;

  /**
   * @param keys the keys of the same database
   */
  public ScopedKeys(Database database, ApiKeys keys, KeySettings settings, InstantSource clock) {
    this.jdbi = database.jdbi();
    this.keys = keys;
    this.max = settings.maxPerOrganization();
    this.clock = clock;
  }

  /** The result of {@link #issue}. */
  public sealed interface Issue {
    /** The key is active; its value is known only now. */
    record Created(ScopedKey key, Secret value) implements Issue {}

    /** A key with that id exists, possibly of another organization; nothing changed. */
    record Repeated() implements Issue {}

    /** The calling key is revoked or expired; nothing changed. */
    record CallerEnded() implements Issue {}

    /** The organization has the maximum number of active scoped keys; nothing changed. */
    record Full(int max) implements Issue {}
  }

  /**
   * Creates a key. Concurrent calls may exceed the maximum number slightly.
   *
   * @param callerKeyId id of the calling key
   */
  public Issue issue(
      String organizationId,
      String callerKeyId,
      String newKeyId,
      String name,
      KeyScope scope,
      Optional<Instant> expiresAt) {
    Secret value = KeyText.create(Kind.SCOPED);
    // Truncated to the precision of the database, so that this result equals later reads.
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    var key =
        new ScopedKey(
            newKeyId,
            organizationId,
            name,
            KeyText.prefix(Kind.SCOPED, value),
            scope,
            true,
            now,
            expiresAt.map(time -> time.truncatedTo(ChronoUnit.MICROS)),
            Optional.empty());
    // Not in the transaction that locks the calling key. The revocation of all keys waits for that
    // lock, and may hold locks on some of these keys.
    jdbi.useHandle(handle -> deleteOldestInactive(handle, organizationId, now));
    return jdbi.inTransaction(
        handle -> {
          if (!ApiKeys.lockActive(handle, organizationId, callerKeyId, now)) {
            return new Issue.CallerEnded();
          }
          if (ApiKeys.exists(handle, newKeyId)) return new Issue.Repeated();
          if (countActive(handle, organizationId, now) >= max) return new Issue.Full(max);
          insert(handle, key, value);
          return new Issue.Created(key, value);
        });
  }

  private static int countActive(Handle handle, String organizationId, Instant now) {
    return handle
        .createQuery("SELECT COUNT(*) FROM api_keys WHERE" + OF_ORGANIZATION + " AND NOT" + ENDED)
        .bind("organization", organizationId)
        .bind("kind", Kind.SCOPED.label())
        .bind("now", time(now))
        .mapTo(Integer.class)
        .one();
  }

  private static void insert(Handle handle, ScopedKey key, Secret value) {
    handle
        .createUpdate(
            "INSERT INTO api_keys (id, organization_id, kind, hash, prefix, name, scope,"
                + " created_at, expires_at) VALUES (:id, :organization, :kind, :hash, :prefix,"
                + " :name, :scope, :created, :expires)")
        .bind("id", key.id())
        .bind("organization", key.organizationId())
        .bind("kind", Kind.SCOPED.label())
        .bind("hash", KeyText.hash(value).toByteArray())
        .bind("prefix", key.prefix())
        .bind("name", key.name())
        .bind("scope", KeyScopes.json(key.scope()))
        .bind("created", time(key.createdAt()))
        .bind("expires", time(key.expiresAt()))
        .execute();
  }

  /**
   * Deletes the oldest inactive keys, so that repeated creation and revocation does not grow the
   * table without limit. Keeps as many as there may be active keys.
   */
  private void deleteOldestInactive(Handle handle, String organizationId, Instant now) {
    handle
        .createUpdate(
            "DELETE FROM api_keys WHERE unrecorded_revoker IS NULL AND"
                + OF_ORGANIZATION
                + " AND"
                + ENDED
                + " AND id <= (SELECT id FROM api_keys WHERE"
                + OF_ORGANIZATION
                + " AND"
                + ENDED
                + " ORDER BY id DESC OFFSET :max ROWS FETCH NEXT 1 ROWS ONLY)")
        .bind("organization", organizationId)
        .bind("kind", Kind.SCOPED.label())
        .bind("now", time(now))
        .bind("max", max)
        .execute();
  }

  /**
   * Returns a page of an organization's keys, newest first.
   *
   * @param pageSize at least 1; the caller enforces the maximum
   * @param after the last id of the previous page; empty for the first page
   */
  public List<ScopedKey> list(String organizationId, int pageSize, Optional<String> after) {
    Instant now = clock.instant();
    var query =
        new Sql(
                jdbi,
                "SELECT * FROM api_keys WHERE"
                    + OF_ORGANIZATION
                    + (after.isPresent() ? " AND id < :after" : "")
                    + " ORDER BY id DESC FETCH FIRST :limit ROWS ONLY")
            .bind("organization", organizationId)
            .bind("kind", Kind.SCOPED.label())
            .bind("limit", pageSize);
    after.ifPresent(id -> query.bind("after", id));
    return query.list((row, _) -> read(row, now));
  }

  /** Returns a key; empty if the organization has none with this id. */
  public Optional<ScopedKey> get(String organizationId, String keyId) {
    Instant now = clock.instant();
    return new Sql(jdbi, "SELECT * FROM api_keys WHERE id = :id AND" + OF_ORGANIZATION)
        .bind("id", keyId)
        .bind("organization", organizationId)
        .bind("kind", Kind.SCOPED.label())
        .find((row, _) -> read(row, now));
  }

  /**
   * Revokes a key like {@link ApiKeys#revoke}. Does not revoke an organization key.
   *
   * @param by id of the revoking key
   * @return whether such a key exists, revoked now or before
   */
  public boolean revoke(String organizationId, String keyId, String by) {
    return get(organizationId, keyId).isPresent() && keys.revoke(organizationId, keyId, by);
  }

  private static ScopedKey read(ResultSet row, Instant now) throws SQLException {
    var expires = optionalInstant(row, "expires_at");
    boolean expired = expires.filter(end -> !end.isAfter(now)).isPresent();
    return new ScopedKey(
        row.getString("id"),
        row.getString("organization_id"),
        row.getString("name"),
        row.getString("prefix"),
        KeyScopes.parse(row.getString("scope")),
        !expired && optionalInstant(row, "revoked_at").isEmpty(),
        instant(row, "created_at"),
        expires,
        optionalInstant(row, "last_used_at"));
  }
}

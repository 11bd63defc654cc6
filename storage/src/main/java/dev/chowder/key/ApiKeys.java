package dev.chowder.key;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.key.KeyText.Kind;
import dev.chowder.secret.Secret;
import dev.chowder.storage.Database;
import dev.chowder.storage.Sql;
import dev.chowder.storage.SqlValues;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Gatherers;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Issues, authenticates and revokes API keys. Stores only their hashes; returns a key's value once.
 *
 * <p>Every call may block on the database.
 */
public final class ApiKeys {
  private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);

  /** The standing of an organization whose keys are accepted; assumed while its row is missing. */
  private static final String ACTIVE = "active";

  private static final String SUSPENDED = "suspended";

  /** While an organization is being deleted, its keys are rejected even before each is revoked. */
  private static final String EXISTS =
      "COALESCE(o.standing, '" + ACTIVE + "') IN ('" + ACTIVE + "', '" + SUSPENDED + "')";

  /** A range instead of {@code IS NOT NULL}, for which H2 does not use the index. */
  private static final String UNRECORDED =
      "SELECT organization_id, id, unrecorded_revoker, revoked_at FROM api_keys WHERE"
          + " unrecorded_revoker >= ''";

  /** Maximum number of keys in one query. */
  private static final int KEYS_PER_QUERY = 500;

  /** A busy key causes one write a minute instead of one per call. */
  private static final Duration USE_RESOLUTION = Duration.ofMinutes(1);

  private final Jdbi jdbi;
  private final InstantSource clock;
  private final Cache<ByteString, KeyHolder> cache;

  public ApiKeys(Database database, KeySettings settings, InstantSource clock) {
    this(database, settings, clock, Ticker.systemTicker());
  }

  ApiKeys(Database database, KeySettings settings, InstantSource clock, Ticker ticker) {
    this.jdbi = database.jdbi();
    this.clock = clock;
    // Caches only keys that exist, so that a flood of guesses cannot evict them.
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(settings.maxCached())
            .<ByteString, KeyHolder>weigher((_, holder) -> weight(holder))
            .expireAfterWrite(settings.cacheMaxAge())
            .ticker(ticker)
            .build();
  }

  /**
   * Returns the weight of a key. The memory for a scoped key depends on its number of instances.
   */
  private static int weight(KeyHolder holder) {
    return 1 + holder.scope().map(scope -> scope.instanceIds().size()).orElse(0);
  }

  /** Creates a key that permits everything in its organization. It is active when this returns. */
  public IssuedKey issueOrganizationKey(String organizationId) {
    IssuedKey issued = new IssuedKey(Ids.next(), KeyText.create(Kind.ORGANIZATION));
    jdbi.useHandle(handle -> insert(handle, organizationId, issued));
    return issued;
  }

  /** The result of {@link #rotate}. */
  public sealed interface Rotation {
    /** The new key is active; its value is known only now. */
    record Created(IssuedKey key) implements Rotation {}

    /** A key with that id exists already; nothing changed. */
    record Repeated() implements Rotation {}

    /** The key to replace is revoked or expired; nothing changed. */
    record CallerEnded() implements Rotation {}
  }

  /**
   * Creates another key of the organization and sets an expiry of the caller's key, both or
   * neither.
   *
   * @param newKeyId the new key's id; if a key with that id exists, nothing changes
   * @param callerKeyId id of the calling key, which the new one replaces
   * @param callerEnds expiry of the calling key, unless it expires earlier already
   */
  public Rotation rotate(
      String organizationId, String newKeyId, String callerKeyId, Instant callerEnds) {
    IssuedKey issued = new IssuedKey(newKeyId, KeyText.create(Kind.ORGANIZATION));
    return jdbi.inTransaction(
        handle -> {
          if (!lockActive(handle, organizationId, callerKeyId, clock.instant())) {
            return new Rotation.CallerEnded();
          }
          if (exists(handle, newKeyId)) return new Rotation.Repeated();
          insert(handle, organizationId, issued);
          handle
              .createUpdate(
                  "UPDATE api_keys SET expires_at = :ends WHERE id = :id AND organization_id ="
                      + " :organization AND (expires_at IS NULL OR expires_at > :ends)")
              .bind("id", callerKeyId)
              .bind("organization", organizationId)
              .bind("ends", SqlValues.time(callerEnds))
              .execute();
          return new Rotation.Created(issued);
        });
  }

  /**
   * Returns whether a key is neither revoked nor expired, and locks it until the transaction ends.
   * A node caches keys, and a call may be past authentication for a while. Without this check, a
   * stolen key could create another key after it was revoked.
   */
  static boolean lockActive(Handle handle, String organizationId, String keyId, Instant now) {
    return handle
        .createQuery(
            "SELECT id FROM api_keys WHERE id = :id AND organization_id = :organization AND"
                + " revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now) FOR UPDATE")
        .bind("id", keyId)
        .bind("organization", organizationId)
        .bind("now", SqlValues.time(now))
        .mapTo(String.class)
        .findOne()
        .isPresent();
  }

  /** Returns whether there is a key of any kind with this id, active or not. */
  static boolean exists(Handle handle, String keyId) {
    return handle
        .createQuery("SELECT 1 FROM api_keys WHERE id = :id")
        .bind("id", keyId)
        .mapTo(Integer.class)
        .findOne()
        .isPresent();
  }

  private void insert(Handle handle, String organizationId, IssuedKey issued) {
    handle
        .createUpdate(
            "INSERT INTO api_keys (id, organization_id, kind, hash, prefix, created_at)"
                + " VALUES (:id, :organization, 'organization', :hash, :prefix, :now)")
        .bind("id", issued.keyId())
        .bind("organization", organizationId)
        .bind("hash", KeyText.hash(issued.value()).toByteArray())
        .bind("prefix", KeyText.prefix(Kind.ORGANIZATION, issued.value()))
        .bind("now", SqlValues.time(clock.instant()))
        .execute();
  }

  /**
   * Returns the holder of a key; empty if the key is malformed, unknown, expired or revoked, or if
   * its organization is deleted.
   */
  public Optional<KeyHolder> authenticate(Secret key) {
    if (!KeyText.isKey(key)) return Optional.empty();
    ByteString hash = KeyText.hash(key);
    KeyHolder cached = cache.getIfPresent(hash);
    if (cached != null) return Optional.of(cached);
    Optional<KeyHolder> found = find(hash);
    found.ifPresent(holder -> cache.put(hash, holder));
    return found;
  }

  /**
   * Returns the ids of an organization's keys that are neither scoped nor revoked, oldest first.
   * Includes expired keys.
   */
  public List<String> organizationKeys(String organizationId) {
    return new Sql(
            jdbi,
            "SELECT id FROM api_keys WHERE organization_id = :organization AND kind ="
                + " 'organization' AND revoked_at IS NULL ORDER BY id")
        .bind("organization", organizationId)
        .list((row, _) -> row.getString(1));
  }

  /**
   * Revokes a key. This takes effect at once on this node, and on others when their cache entry
   * expires. The revocation is {@link #unrecorded} until {@link #recorded}.
   *
   * @param by id of the revoking key; empty if an operator revokes it
   * @return whether such a key exists, revoked now or before
   */
  public boolean revoke(String organizationId, String keyId, String by) {
    Instant now = clock.instant();
    int matching =
        new Sql(
                jdbi,
                "UPDATE api_keys SET unrecorded_revoker = CASE WHEN revoked_at IS NULL THEN"
                    + " :by ELSE unrecorded_revoker END, revoked_at = COALESCE(revoked_at,"
                    + " :now) WHERE id = :id AND organization_id = :organization")
            .bind("by", by)
            .bind("now", SqlValues.time(now))
            .bind("id", keyId)
            .bind("organization", organizationId)
            .update();
    cache.asMap().values().removeIf(holder -> holder.keyId().equals(keyId));
    return matching > 0;
  }

  /**
   * Revokes all keys of an organization for an operator, including scoped keys. This takes effect
   * at once on this node, and on others when their cache entries expire. The revocations are {@link
   * #unrecorded} until {@link #recorded}.
   *
   * @return the ids of the keys that this call revoked, oldest first
   */
  public List<String> revokeAll(String organizationId) {
    var now = SqlValues.time(clock.instant());
    var revoked =
        jdbi.inTransaction(
            handle -> {
              var all = new ArrayList<String>();
              // Repeats until no key is left. The update waits for calls that are creating a key
              // with one of these, and only the next query sees the created keys.
              for (var active = unrevoked(handle, organizationId);
                  !active.isEmpty();
                  active = unrevoked(handle, organizationId)) {
                for (var page : pages(active)) {
                  handle
                      .createUpdate(
                          "UPDATE api_keys SET revoked_at = :now, unrecorded_revoker = '' WHERE id"
                              + " IN (<ids>) AND revoked_at IS NULL")
                      .bind("now", now)
                      .bindList("ids", page)
                      .execute();
                }
                all.addAll(active);
              }
              return List.copyOf(all);
            });
    cache.asMap().values().removeIf(holder -> holder.organizationId().equals(organizationId));
    return revoked;
  }

  /** Splits ids into lists that one query takes. */
  private static List<List<String>> pages(Collection<String> ids) {
    return ids.stream().gather(Gatherers.windowFixed(KEYS_PER_QUERY)).toList();
  }

  private static List<String> unrevoked(Handle handle, String organizationId) {
    return handle
        .createQuery(
            "SELECT id FROM api_keys WHERE organization_id = :organization AND revoked_at IS NULL"
                + " ORDER BY id")
        .bind("organization", organizationId)
        .mapTo(String.class)
        .list();
  }

  /**
   * A revocation whose event the organization's journal may lack.
   *
   * @param by id of the revoking key; empty if an operator revoked it
   */
  public record Revocation(String organizationId, String keyId, String by, Instant at) {}

  /** Returns the unrecorded revocations of these keys. */
  public List<Revocation> unrecorded(Collection<String> keyIds) {
    return pages(keyIds).stream()
        .flatMap(
            page ->
                new Sql(jdbi, UNRECORDED + " AND id IN (<ids>) ORDER BY id")
                    .bind("ids", page).list((row, _) -> revocation(row)).stream())
        .toList();
  }

  /**
   * Returns a page of the unrecorded revocations of all organizations, by key id.
   *
   * @param before excludes revocations at or after this time
   * @param after the last key id of the previous page; empty for the first page
   */
  public List<Revocation> unrecorded(Instant before, int limit, Optional<String> after) {
    return new Sql(
            jdbi,
            UNRECORDED
                + " AND revoked_at < :before AND id > :after ORDER BY id FETCH FIRST :limit"
                + " ROWS ONLY")
        .bind("before", SqlValues.time(before))
        .bind("after", after.orElse(""))
        .bind("limit", limit)
        .list((row, _) -> revocation(row));
  }

  /** Marks a revocation as recorded: the organization's journal contains its event. */
  public void recorded(String keyId) {
    new Sql(jdbi, "UPDATE api_keys SET unrecorded_revoker = NULL WHERE id = :id")
        .bind("id", keyId)
        .update();
  }

  private static Revocation revocation(ResultSet row) throws SQLException {
    return new Revocation(
        row.getString("organization_id"),
        row.getString("id"),
        row.getString("unrecorded_revoker"),
        SqlValues.instant(row, "revoked_at"));
  }

  /** The reason why a key is rejected. */
  public enum KeyEnd {
    /** The key is unknown, revoked or expired, or its organization is deleted. */
    INVALID,

    /** An operator suspended the organization. */
    SUSPENDED
  }

  /** Returns those of the keys that are rejected, each with the reason. Does not use the cache. */
  public Map<String, KeyEnd> ended(Collection<String> keyIds) {
    var ended = new HashMap<String, KeyEnd>();
    keyIds.forEach(id -> ended.put(id, KeyEnd.INVALID));
    var now = SqlValues.time(clock.instant());
    for (var page : pages(keyIds)) {
      var unended =
          new Sql(
                  jdbi,
                  "SELECT k.id, o.standing FROM api_keys k LEFT JOIN organizations o ON"
                      + " o.id = k.organization_id WHERE k.id IN (<ids>) AND k.revoked_at"
                      + " IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now) AND "
                      + EXISTS)
              .bind("ids", page)
              .bind("now", now)
              .list(
                  (row, _) ->
                      Map.entry(row.getString("id"), isSuspended(row.getString("standing"))));
      for (var key : unended) {
        if (key.getValue()) ended.put(key.getKey(), KeyEnd.SUSPENDED);
        else ended.remove(key.getKey());
      }
    }
    return ended;
  }

  private Optional<KeyHolder> find(ByteString hash) {
    Instant now = clock.instant();
    var found =
        new Sql(
                jdbi,
                "SELECT k.id, k.organization_id, k.scope, k.last_used_at, o.standing FROM"
                    + " api_keys k LEFT JOIN organizations o ON o.id = k.organization_id"
                    + " WHERE k.hash = :hash AND k.revoked_at IS NULL AND (k.expires_at IS"
                    + " NULL OR k.expires_at > :now) AND "
                    + EXISTS)
            .bind("hash", hash.toByteArray())
            .bind("now", SqlValues.time(now))
            .find((row, _) -> found(row));
    found
        .filter(key -> key.isScoped() && key.isUnusedSince(now.minus(USE_RESOLUTION)))
        .ifPresent(key -> recordUse(key.holder().keyId(), now));
    return found.map(Found::holder);
  }

  /** An active key, and the time of its last recorded use. */
  private record Found(KeyHolder holder, Optional<Instant> lastUsed) {
    boolean isScoped() {
      return holder.scope().isPresent();
    }

    boolean isUnusedSince(Instant time) {
      return lastUsed.map(used -> used.isBefore(time)).orElse(true);
    }
  }

  private static Found found(ResultSet row) throws SQLException {
    return new Found(
        new KeyHolder(
            row.getString("organization_id"),
            row.getString("id"),
            Optional.ofNullable(row.getString("scope")).map(KeyScopes::parse),
            isSuspended(row.getString("standing"))),
        SqlValues.optionalInstant(row, "last_used_at"));
  }

  /**
   * Returns whether the standing is {@code suspended}. It is null if the organization has just
   * signed up and its row is still missing.
   */
  private static boolean isSuspended(@Nullable String standing) {
    return SUSPENDED.equals(standing);
  }

  private void recordUse(String keyId, Instant now) {
    try {
      new Sql(jdbi, "UPDATE api_keys SET last_used_at = :now WHERE id = :id")
          .bind("now", SqlValues.time(now))
          .bind("id", keyId)
          .update();
    } catch (JdbiException why) {
      // Reads must succeed even while the database accepts no writes.
      LOG.warn("key={} event=use_not_noted {}", keyId, why.toString());
    }
  }
}

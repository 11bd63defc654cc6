package dev.chowder.storage;

import static dev.chowder.storage.SqlValues.instant;
import static dev.chowder.storage.SqlValues.time;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementContext;
import org.jspecify.annotations.Nullable;

/**
 * Stores calls with an idempotency key: their claim and their response. Every change of a row is
 * conditional on its claim, so of two nodes that both consider it theirs, only one changes it. Does
 * not know requests or the meaning of responses.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class IdempotencyRows {
  /** Maximum size of a response in bytes, the limit of the column. */
  public static final int MAX_ANSWER_BYTES = 1 << 20;

  private static final String OF_CALL =
      " WHERE organization_id = :organization AND rpc = :rpc AND idempotency_key = :key";
  private static final String OF_CLAIM = OF_CALL + " AND claim = :claim AND outcome IS NULL";

  private final Database database;
  private final Jdbi jdbi;

  public IdempotencyRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /** The identity of a call: a key is unique per RPC and organization. */
  public record CallKey(String organizationId, String rpc, String key) {}

  /**
   * A stored call.
   *
   * @param digest digest of the request
   * @param resourceId id of the resource that the call creates
   * @param claim id of the current or last claim
   * @param leaseUntil end of the claim's lease while there is no outcome
   */
  public record Row(
      ByteString digest,
      String resourceId,
      String claim,
      Instant leaseUntil,
      Optional<Answer> answer) {}

  /**
   * A stored response. Only callers know the meaning of {@code outcome}, which has at most 16
   * characters.
   */
  public record Answer(String outcome, ByteString bytes) {}

  /** Inserts a row without a response. Returns false if there is one, even if it has expired. */
  public boolean insert(CallKey call, Row row, Instant expiresAt) {
    return database.insert(
        Upsert.into("idempotency_keys")
            .key("organization_id", call.organizationId())
            .key("rpc", call.rpc())
            .key("idempotency_key", call.key())
            .set("digest", row.digest().toByteArray())
            .set("resource_id", row.resourceId())
            .set("claim", row.claim())
            .set("lease_until", time(row.leaseUntil()))
            .set("expires_at", time(expiresAt)));
  }

  /** Returns the row; empty if there is none or it has expired. */
  public Optional<Row> get(CallKey call, Instant now) {
    return of(call, "SELECT * FROM idempotency_keys" + OF_CALL + " AND expires_at > :now")
        .bind("now", time(now))
        .find(IdempotencyRows::read);
  }

  /** Removes the row if it has expired, so that a new one can be inserted. */
  public void removeExpired(CallKey call, Instant now) {
    of(call, "DELETE FROM idempotency_keys" + OF_CALL + " AND expires_at <= :now")
        .bind("now", time(now))
        .update();
  }

  /** Replaces the claim if its lease has expired. Returns whether it was replaced. */
  public boolean takeOver(
      CallKey call, String previousClaim, String claim, Instant now, Instant leaseUntil) {
    return of(
                call,
                "UPDATE idempotency_keys SET claim = :next, lease_until = :lease"
                    + OF_CLAIM
                    + " AND lease_until <= :now")
            .bind("claim", previousClaim)
            .bind("next", claim)
            .bind("now", time(now))
            .bind("lease", time(leaseUntil))
            .update()
        > 0;
  }

  /** Changes the resource id if the claim still holds. Returns whether it was changed. */
  public boolean setResourceId(CallKey call, String claim, String resourceId) {
    return of(call, "UPDATE idempotency_keys SET resource_id = :resource" + OF_CLAIM)
            .bind("claim", claim)
            .bind("resource", resourceId)
            .update()
        > 0;
  }

  /** A call and its claim. */
  public record Claimed(CallKey call, String claim) {}

  /** Extends leases. A claim that was lost in the meantime stays lost. */
  public void extend(Collection<Claimed> claims, Instant leaseUntil) {
    if (claims.isEmpty()) return;
    jdbi.useHandle(
        handle -> {
          var batch =
              handle.prepareBatch("UPDATE idempotency_keys SET lease_until = :lease" + OF_CLAIM);
          claims.forEach(
              claimed ->
                  batch
                      .bind("organization", claimed.call().organizationId())
                      .bind("rpc", claimed.call().rpc())
                      .bind("key", claimed.call().key())
                      .bind("claim", claimed.claim())
                      .bind("lease", time(leaseUntil))
                      .add());
          batch.execute();
        });
  }

  /** Stores the response if the claim still holds. Returns whether it was stored. */
  public boolean answer(CallKey call, String claim, Answer answer) {
    return of(call, "UPDATE idempotency_keys SET outcome = :outcome, answer = :answer" + OF_CLAIM)
            .bind("claim", claim)
            .bind("outcome", answer.outcome())
            .bind("answer", answer.bytes().toByteArray())
            .update()
        > 0;
  }

  /** Ends the lease if the claim still holds, so that a retry can take over at once. */
  public void endLease(CallKey call, String claim) {
    of(call, "UPDATE idempotency_keys SET lease_until = :ended" + OF_CLAIM)
        .bind("claim", claim)
        .bind("ended", time(Instant.EPOCH))
        .update();
  }

  /** Removes the row if the claim still holds: the call had no effect. */
  public void remove(CallKey call, String claim) {
    of(call, "DELETE FROM idempotency_keys" + OF_CLAIM).bind("claim", claim).update();
  }

  /**
   * Removes expired rows, oldest first.
   *
   * @return number of removed rows, at most {@code limit}
   */
  public int deleteExpired(Instant now, int limit) {
    return new Sql(
            jdbi,
            "DELETE FROM idempotency_keys WHERE (organization_id, rpc, idempotency_key) IN (SELECT"
                + " organization_id, rpc, idempotency_key FROM idempotency_keys WHERE expires_at <="
                + " :now ORDER BY expires_at LIMIT :limit)")
        .bind("now", time(now))
        .bind("limit", limit)
        .update();
  }

  private Sql of(CallKey call, String text) {
    return new Sql(jdbi, text)
        .bind("organization", call.organizationId())
        .bind("rpc", call.rpc())
        .bind("key", call.key());
  }

  private static Row read(ResultSet row, StatementContext context) throws SQLException {
    @Nullable String outcome = row.getString("outcome");
    return new Row(
        ByteString.copyFrom(row.getBytes("digest")),
        row.getString("resource_id"),
        row.getString("claim"),
        instant(row, "lease_until"),
        outcome == null
            ? Optional.empty()
            : Optional.of(new Answer(outcome, ByteString.copyFrom(row.getBytes("answer")))));
  }
}

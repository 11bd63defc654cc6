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
import org.jdbi.v3.core.statement.SqlStatement;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.jspecify.annotations.Nullable;

/**
 * Calls that carried an idempotency key, each with who is at work on it and what was answered.
 * Every change of a row is conditional on its claim, so of two that think it theirs only one
 * changes it. Knows neither what was asked nor what an answer means.
 *
 * <p>Every call blocks, and waits for a connection no longer than {@code
 * chowder.storage.connection-time-out}.
 */
public final class IdempotencyRows {
  /** What an answer may have, in bytes; the column takes no more. */
  public static final int MAX_ANSWER_BYTES = 1 << 20;

  private static final String OF_CALL =
      " WHERE organization_id = :organization AND rpc = :rpc AND idempotency_key = :key";
  private static final String OF_CLAIM = OF_CALL + " AND claim = :claim AND outcome IS NULL";

  /** SQL's class of states for constraints; both engines tell a duplicate by it. */
  private static final String CONSTRAINT_VIOLATED = "23";

  private final Jdbi jdbi;

  public IdempotencyRows(Database database) {
    this.jdbi = database.jdbi();
  }

  /** Which call: a key counts for one RPC of one organization. */
  public record CallKey(String organizationId, String rpc, String key) {}

  /**
   * What is known of a call.
   *
   * @param digest of the request
   * @param resourceId the id of what the call makes
   * @param claim of who is, or was, at work on it
   * @param leaseUntil how long the claim holds without an outcome
   */
  public record Row(
      ByteString digest,
      String resourceId,
      String claim,
      Instant leaseUntil,
      Optional<Answer> answer) {}

  /** What was answered; {@code outcome} is for the caller to know, at most 16 characters. */
  public record Answer(String outcome, ByteString bytes) {}

  /** Makes a row without an answer; false: there is one, maybe an expired one. */
  public boolean insert(CallKey call, Row row, Instant expiresAt) {
    try {
      return jdbi.withHandle(
          handle ->
              of(
                          call,
                          handle.createUpdate(
                              "INSERT INTO idempotency_keys (organization_id, rpc, idempotency_key,"
                                  + " digest, resource_id, claim, lease_until, expires_at) VALUES"
                                  + " (:organization, :rpc, :key, :digest, :resource, :claim,"
                                  + " :lease, :expires)"))
                      .bind("digest", row.digest().toByteArray())
                      .bind("resource", row.resourceId())
                      .bind("claim", row.claim())
                      .bind("lease", time(row.leaseUntil()))
                      .bind("expires", time(expiresAt))
                      .execute()
                  > 0);
    } catch (UnableToExecuteStatementException e) {
      if (isDuplicate(e)) return false;
      throw e;
    }
  }

  /** The row, unless it expired. */
  public Optional<Row> get(CallKey call, Instant now) {
    return jdbi.withHandle(
        handle ->
            of(
                    call,
                    handle.createQuery(
                        "SELECT * FROM idempotency_keys" + OF_CALL + " AND expires_at > :now"))
                .bind("now", time(now))
                .map(IdempotencyRows::read)
                .findOne());
  }

  /** Makes place for a new row where the old one expired. */
  public void removeExpired(CallKey call, Instant now) {
    jdbi.useHandle(
        handle ->
            of(
                    call,
                    handle.createUpdate(
                        "DELETE FROM idempotency_keys" + OF_CALL + " AND expires_at <= :now"))
                .bind("now", time(now))
                .execute());
  }

  /** Gives the row another claim, if the former one's lease is over. */
  public boolean takeOver(
      CallKey call, String formerClaim, String claim, Instant now, Instant leaseUntil) {
    return jdbi.withHandle(
        handle ->
            of(
                        call,
                        handle.createUpdate(
                            "UPDATE idempotency_keys SET claim = :next, lease_until = :lease"
                                + OF_CLAIM
                                + " AND lease_until <= :now"))
                    .bind("claim", formerClaim)
                    .bind("next", claim)
                    .bind("now", time(now))
                    .bind("lease", time(leaseUntil))
                    .execute()
                > 0);
  }

  /** Names another resource, if the claim still holds. */
  public boolean nameResource(CallKey call, String claim, String resourceId) {
    return jdbi.withHandle(
        handle ->
            of(
                        call,
                        handle.createUpdate(
                            "UPDATE idempotency_keys SET resource_id = :resource" + OF_CLAIM))
                    .bind("claim", claim)
                    .bind("resource", resourceId)
                    .execute()
                > 0);
  }

  /** A call and who claims it. */
  public record Claimed(CallKey call, String claim) {}

  /** Extends leases; a claim that was lost meanwhile stays lost. */
  public void extend(Collection<Claimed> claims, Instant leaseUntil) {
    if (claims.isEmpty()) return;
    jdbi.useHandle(
        handle -> {
          var batch =
              handle.prepareBatch("UPDATE idempotency_keys SET lease_until = :lease" + OF_CLAIM);
          claims.forEach(
              claimed ->
                  of(claimed.call(), batch)
                      .bind("claim", claimed.claim())
                      .bind("lease", time(leaseUntil))
                      .add());
          batch.execute();
        });
  }

  /** Stores the answer, if the claim still holds. */
  public boolean answer(CallKey call, String claim, Answer answer) {
    return jdbi.withHandle(
        handle ->
            of(
                        call,
                        handle.createUpdate(
                            "UPDATE idempotency_keys SET outcome = :outcome, answer = :answer"
                                + OF_CLAIM))
                    .bind("claim", claim)
                    .bind("outcome", answer.outcome())
                    .bind("answer", answer.bytes().toByteArray())
                    .execute()
                > 0);
  }

  /** Ends the lease, if the claim still holds: whoever comes next may take over at once. */
  public void letGo(CallKey call, String claim) {
    jdbi.useHandle(
        handle ->
            of(
                    call,
                    handle.createUpdate(
                        "UPDATE idempotency_keys SET lease_until = :ended" + OF_CLAIM))
                .bind("claim", claim)
                .bind("ended", time(Instant.EPOCH))
                .execute());
  }

  /** Forgets the call, if the claim still holds: nothing came of it. */
  public void remove(CallKey call, String claim) {
    jdbi.useHandle(
        handle ->
            of(call, handle.createUpdate("DELETE FROM idempotency_keys" + OF_CLAIM))
                .bind("claim", claim)
                .execute());
  }

  /**
   * Removes rows that expired, the oldest first.
   *
   * @return how many, at most {@code limit}
   */
  public int deleteExpired(Instant now, int limit) {
    return jdbi.withHandle(
        handle ->
            handle
                .createUpdate(
                    "DELETE FROM idempotency_keys WHERE (organization_id, rpc, idempotency_key) IN"
                        + " (SELECT organization_id, rpc, idempotency_key FROM idempotency_keys"
                        + " WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)")
                .bind("now", time(now))
                .bind("limit", limit)
                .execute());
  }

  private static <S extends SqlStatement<S>> S of(CallKey call, S statement) {
    return statement
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

  private static boolean isDuplicate(UnableToExecuteStatementException e) {
    return e.getCause() instanceof SQLException sql
        && sql.getSQLState() != null
        && sql.getSQLState().startsWith(CONSTRAINT_VIOLATED);
  }
}

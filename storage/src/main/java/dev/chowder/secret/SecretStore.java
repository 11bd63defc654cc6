package dev.chowder.secret;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import dev.chowder.storage.Database;
import dev.chowder.storage.OutdatedTokens;
import dev.chowder.storage.Paging;
import dev.chowder.storage.Sql;
import dev.chowder.storage.Upsert;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jdbi.v3.core.Jdbi;

/**
 * Stores encrypted secret values by owner and name. Each is encrypted for exactly that owner and
 * name: a ciphertext that is moved to another owner or name does not decrypt. Does not know the
 * owners or the meaning of values.
 *
 * <p>Every call blocks. Owners have 1 to 64 characters and no slash, names 1 to 128 characters,
 * values at most {@value #MAX_BYTES} bytes.
 */
public final class SecretStore {
  /** 1 MiB: four times the largest configuration that is accepted. */
  public static final int MAX_BYTES = 1 << 20;

  /**
   * Limits the passes of {@link #rewrite}: during each pass, another node may write with a previous
   * key.
   */
  private static final int PASSES = 20;

  /** Values in memory at the same time during {@link #rewrite}. */
  private static final int PAGE = 100;

  private static final int MAX_OWNER = 64;
  private static final int MAX_NAME = 128;

  private final MasterKey key;
  private final Database database;
  private final Jdbi jdbi;
  private final OutdatedTokens outdatedTokens;

  public SecretStore(MasterKey key, Database database) {
    this.key = key;
    this.database = database;
    this.jdbi = database.jdbi();
    this.outdatedTokens = new OutdatedTokens(database);
  }

  /** Returns the instances whose gateway tokens came from a backup. */
  public OutdatedTokens outdatedTokens() {
    return outdatedTokens;
  }

  /** Sets or replaces a text. */
  public void put(String owner, String name, Secret value) {
    putBytes(owner, name, ByteString.copyFromUtf8(value.reveal()));
  }

  /** Sets or replaces bytes. */
  public void putBytes(String owner, String name, ByteString value) {
    database.upsert(row(owner, name, value));
  }

  /**
   * Stores a text if there is none with that owner and name, in one statement.
   *
   * @return false if there is one, also if another writer created it at the same time
   */
  public boolean create(String owner, String name, Secret value) {
    return database.insert(row(owner, name, ByteString.copyFromUtf8(value.reveal())));
  }

  /**
   * Sets or replaces a text if another text of the same owner, or this one, allows it. No other
   * writer changes the checked text between the check and the write.
   *
   * @param checked name of the text that is checked
   * @param allows returns whether the text may be written; its argument is empty if the checked
   *     text is missing
   * @return false if nothing was written, also if another writer created the text in the meantime
   */
  public boolean putIf(
      String owner, String name, Secret value, String checked, Predicate<Optional<Secret>> allows) {
    check(owner, checked);
    var row = row(owner, name, ByteString.copyFromUtf8(value.reveal()));
    return database.upsertIf(
        row,
        handle ->
            allows.test(
                handle
                    .createQuery(
                        "SELECT ciphertext FROM secrets WHERE owner = :owner AND name = :name FOR"
                            + " UPDATE")
                    .bind("owner", owner)
                    .bind("name", checked)
                    .mapTo(byte[].class)
                    .findOne()
                    .map(ciphertext -> open(owner, checked, ciphertext))
                    .map(bytes -> Secret.of(bytes.toStringUtf8()))));
  }

  private Upsert row(String owner, String name, ByteString value) {
    check(owner, name);
    if (value.size() > MAX_BYTES) {
      throw new IllegalArgumentException(
          must("secret " + name, "be at most " + MAX_BYTES + " bytes", value.size()));
    }
    byte[] ciphertext = key.encrypt(value.toByteArray(), context(owner, name));
    return Upsert.into("secrets")
        .key("owner", owner)
        .key("name", name)
        .set("ciphertext", ciphertext);
  }

  public Optional<Secret> get(String owner, String name) {
    return getBytes(owner, name).map(bytes -> Secret.of(bytes.toStringUtf8()));
  }

  public Optional<ByteString> getBytes(String owner, String name) {
    check(owner, name);
    return new Sql(jdbi, "SELECT ciphertext FROM secrets WHERE owner = :owner AND name = :name")
        .bind("owner", owner)
        .bind("name", name)
        .find((row, _) -> row.getBytes(1))
        .map(ciphertext -> open(owner, name, ciphertext));
  }

  /**
   * Returns the texts with any of these owners and names, in one query, by owner and name. Missing
   * texts are left out.
   */
  public Map<String, Map<String, Secret>> getAll(
      Collection<String> owners, Collection<String> names) {
    if (owners.isEmpty() || names.isEmpty()) return Map.of();
    var rows =
        new Sql(
                jdbi,
                "SELECT owner, name, ciphertext FROM secrets WHERE owner IN (<owners>) AND"
                    + " name IN (<names>)")
            .bind("owners", owners)
            .bind("names", names)
            .list((row, _) -> Row.of(row));
    Map<String, Map<String, Secret>> texts = new HashMap<>();
    for (var row : rows) {
      byte[] ciphertext = row.ciphertext().toByteArray();
      texts
          .computeIfAbsent(row.owner(), _ -> new HashMap<>())
          .put(row.name(), Secret.of(open(row.owner(), row.name(), ciphertext).toStringUtf8()));
    }
    return texts;
  }

  /**
   * Returns the bytes of the encrypted values with any of these owners and names, in one query, by
   * owner. The values of one owner are added up. Owners without such a value are left out.
   */
  public Map<String, Long> sizes(Collection<String> owners, Collection<String> names) {
    if (owners.isEmpty() || names.isEmpty()) return Map.of();
    return Map.copyOf(
        new Sql(
                jdbi,
                "SELECT owner, SUM(OCTET_LENGTH(ciphertext)) AS bytes FROM secrets WHERE owner IN"
                    + " (<owners>) AND name IN (<names>) GROUP BY owner")
            .bind("owners", owners)
            .bind("names", names)
            .map((row, _) -> row.getString("owner"), (row, _) -> row.getLong("bytes")));
  }

  /** Identifies a value. */
  public record ValueId(String owner, String name) {}

  /**
   * Returns a page of the ids of all values, by owner and then by name.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<ValueId> valueIds(Optional<ValueId> after, int limit) {
    var from = after.orElse(new ValueId("", ""));
    return new Sql(
            jdbi,
            "SELECT owner, name FROM secrets WHERE owner <> :installation AND (owner > :owner OR"
                + " (owner = :owner AND name > :name)) ORDER BY owner, name LIMIT :limit")
        .bind("installation", SecretNames.INSTALLATION)
        .bind("owner", from.owner())
        .bind("name", from.name())
        .bind("limit", limit)
        .list((row, _) -> new ValueId(row.getString("owner"), row.getString("name")));
  }

  /**
   * Returns the texts of one owner whose names have a prefix, by name, in one query.
   *
   * @param prefix letters, digits, {@code -} and {@code /}
   */
  public Map<String, Secret> getAllOf(String owner, String prefix) {
    check(owner, prefix);
    return Map.copyOf(
        new Sql(
                jdbi,
                "SELECT name, ciphertext FROM secrets WHERE owner = :owner AND name LIKE :names")
            .bind("owner", owner)
            .bind("names", prefix + "%")
            .map(
                (row, _) -> row.getString("name"),
                (row, _) ->
                    Secret.of(
                        open(owner, row.getString("name"), row.getBytes("ciphertext"))
                            .toStringUtf8())));
  }

  /** Removes one value. Does nothing if it does not exist. */
  public void delete(String owner, String name) {
    check(owner, name);
    jdbi.useHandle(
        handle -> handle.execute("DELETE FROM secrets WHERE owner = ? AND name = ?", owner, name));
  }

  /** Removes all values of an owner. Does nothing if there are none. */
  public void deleteAll(String owner) {
    jdbi.useHandle(handle -> handle.execute("DELETE FROM secrets WHERE owner = ?", owner));
    outdatedTokens.remove(owner);
  }

  /**
   * Encrypts all values again that another key than the first one encrypted; afterwards the other
   * keys can be removed. Concurrent writes are not overwritten.
   *
   * @return the number of values that were encrypted again
   * @throws MasterKeyException if another node keeps writing with a previous key
   */
  public int rewrite() {
    int all = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      int written = rewriteOnce();
      all += written;
      if (written == 0) {
        key.rewriteCheck();
        return all;
      }
    }
    throw new MasterKeyException(
        cannot(
            "rewrite the secrets",
            "another node keeps writing with a previous key",
            "reload the keys of every node"));
  }

  private record Row(String owner, String name, ByteString ciphertext) {
    static Row of(ResultSet row) throws SQLException {
      return new Row(
          row.getString("owner"),
          row.getString("name"),
          ByteString.copyFrom(row.getBytes("ciphertext")));
    }
  }

  private int rewriteOnce() {
    return Paging.rows(PAGE, this::page, row -> new ValueId(row.owner(), row.name()))
        .filter(row -> !key.isCurrent(row.ciphertext().toByteArray()))
        .mapToInt(this::rewrite)
        .sum();
  }

  private List<Row> page(Optional<ValueId> after) {
    var from = after.orElse(new ValueId("", ""));
    return new Sql(
            jdbi,
            "SELECT owner, name, ciphertext FROM secrets WHERE owner > :owner OR (owner ="
                + " :owner AND name > :name) ORDER BY owner, name LIMIT :limit")
        .bind("owner", from.owner())
        .bind("name", from.name())
        .bind("limit", PAGE)
        .list((row, _) -> Row.of(row));
  }

  private int rewrite(Row row) {
    byte[] before = row.ciphertext().toByteArray();
    byte[] plain = open(row.owner(), row.name(), before).toByteArray();
    byte[] rewritten = key.encrypt(plain, context(row.owner(), row.name()));
    return jdbi.withHandle(
        handle ->
            handle.execute(
                "UPDATE secrets SET ciphertext = ? WHERE owner = ? AND name = ? AND ciphertext ="
                    + " ?",
                rewritten,
                row.owner(),
                row.name(),
                before));
  }

  private ByteString open(String owner, String name, byte[] ciphertext) {
    try {
      return ByteString.copyFrom(key.decrypt(ciphertext, context(owner, name)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          cannot(
              "decrypt secret " + name + " of " + owner,
              "it is damaged, or was encrypted with another key or for another place"),
          e);
    }
  }

  private static byte[] context(String owner, String name) {
    return (owner + "/" + name).getBytes(StandardCharsets.UTF_8);
  }

  private static void check(String owner, String name) {
    if (owner.isEmpty() || owner.length() > MAX_OWNER || owner.contains("/")) {
      throw new IllegalArgumentException(
          must("owner", "be 1 to " + MAX_OWNER + " characters without a slash", owner));
    }
    if (name.isEmpty() || name.length() > MAX_NAME) {
      throw new IllegalArgumentException(must("name", "be 1 to " + MAX_NAME + " characters", name));
    }
  }
}

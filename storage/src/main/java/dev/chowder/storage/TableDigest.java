package dev.chowder.storage;

import dev.chowder.base.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A digest of a table that does not depend on the order of rows, since databases sort texts
 * differently. Equal tables have equal digests.
 *
 * @param sum sum of all rows' SHA-256 modulo 2^256, in hexadecimal digits
 */
public record TableDigest(String table, long rows, String sum) {
  @Override
  public String toString() {
    return table + ": " + rows + " rows, digest " + sum.substring(0, 16);
  }

  /** Computes a digest row by row. */
  static final class Builder {
    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(256);

    private final String table;
    private final MessageDigest sha256 = Sha256.digest();
    private long rows;
    private BigInteger sum = BigInteger.ZERO;

    Builder(String table) {
      this.table = table;
    }

    void add(List<byte @Nullable []> values) {
      var bytes = new ByteArrayOutputStream();
      try (var out = new DataOutputStream(bytes)) {
        for (byte[] value : values) ColumnKind.digest(out, value);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      sum = sum.add(new BigInteger(1, sha256.digest(bytes.toByteArray()))).mod(MODULUS);
      rows++;
    }

    TableDigest build() {
      return new TableDigest(table, rows, "%064x".formatted(sum));
    }
  }
}

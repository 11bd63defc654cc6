package dev.chowder.server.operator;

import dev.chowder.secret.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;

/**
 * The operator's token: made at the first start, kept in a file that only its owner reads. It
 * refuses a file that others can read, since then it is no secret.
 */
public final class OperatorToken {
  private static final String PREFIX = "chd_op_";
  private static final int RANDOM_BYTES = 32;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private final Secret token;

  private OperatorToken(Secret token) {
    this.token = token;
  }

  /** Reads the file, or makes it with a new token. */
  public static OperatorToken in(Path file, SecureRandom random) throws IOException {
    byte[] bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    String fresh = PREFIX + HexFormat.of().formatHex(bytes);
    Path folder = file.getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    var mode = PosixFilePermissions.asFileAttribute(OWNER_ONLY);
    try (var channel =
        Files.newByteChannel(
            file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), mode)) {
      channel.write(StandardCharsets.US_ASCII.encode(fresh + "\n"));
      return new OperatorToken(Secret.of(fresh));
    } catch (FileAlreadyExistsException e) {
      return read(file);
    }
  }

  private static OperatorToken read(Path file) throws IOException {
    if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
      throw new IOException(
          file.getFileName() + ": readable by others (expected: mode 0600, as it was made)");
    }
    String text = Files.readString(file, StandardCharsets.US_ASCII).strip();
    if (text.length() < PREFIX.length() + RANDOM_BYTES) {
      throw new IOException(
          file.getFileName() + ": too short (expected: a token; remove the file to get a new one)");
    }
    return new OperatorToken(Secret.of(text));
  }

  /** Takes as long for a wrong token as for the right one. */
  boolean is(String candidate) {
    return MessageDigest.isEqual(
        candidate.getBytes(StandardCharsets.UTF_8),
        token.reveal().getBytes(StandardCharsets.UTF_8));
  }
}

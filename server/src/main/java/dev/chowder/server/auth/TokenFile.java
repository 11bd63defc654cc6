package dev.chowder.server.auth;

import dev.chowder.secret.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;

/**
 * A token that is shared by a file: made at the first start, read by its owner alone. It refuses a
 * file that others can read, since then it is no secret.
 */
public final class TokenFile {
  private static final int RANDOM_BYTES = 32;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private final Secret token;

  private TokenFile(Secret token) {
    this.token = token;
  }

  /**
   * Reads the file, or makes it with a new token.
   *
   * @param prefix what a token begins with, so that one that got lost tells what it is for
   */
  public static TokenFile in(Path file, String prefix, SecureRandom random) throws IOException {
    byte[] bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    String fresh = prefix + HexFormat.of().formatHex(bytes);
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException("token: no file name (expected: a file in the home)");
    }
    Files.createDirectories(folder);
    if (Files.exists(file)) {
      return read(file);
    }
    // Whole or not at all: another node of the same home may start at this moment.
    Path draft =
        Files.createTempFile(
            folder, "token", ".new", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      Files.writeString(draft, fresh + "\n", StandardCharsets.US_ASCII);
      Files.createLink(file, draft);
      return new TokenFile(Secret.of(fresh));
    } catch (FileAlreadyExistsException e) {
      return read(file);
    } finally {
      Files.delete(draft);
    }
  }

  private static TokenFile read(Path file) throws IOException {
    if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
      throw new IOException(
          file.getFileName() + ": readable by others (expected: mode 0600, as it was made)");
    }
    String text = Files.readString(file, StandardCharsets.US_ASCII).strip();
    if (text.length() < RANDOM_BYTES) {
      throw new IOException(
          file.getFileName() + ": too short (expected: a token; remove the file to get a new one)");
    }
    return new TokenFile(Secret.of(text));
  }

  /** Takes as long for a wrong token as for the right one. */
  public boolean is(String candidate) {
    return MessageDigest.isEqual(
        candidate.getBytes(StandardCharsets.UTF_8),
        token.reveal().getBytes(StandardCharsets.UTF_8));
  }
}

package dev.chowder.server.auth;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

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
 * A random token that Chowder shares through a file. Creates the file at the first start, with mode
 * 0600. Rejects a file that other users can access, since its token is no longer secret.
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
   * Reads the file, or creates it with a new token.
   *
   * @param prefix start of a new token, which shows the purpose of a leaked token
   */
  public static TokenFile in(Path file, String prefix, SecureRandom random) throws IOException {
    byte[] bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    String fresh = prefix + HexFormat.of().formatHex(bytes);
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(must("token file", "be a file in the state directory", file));
    }
    Files.createDirectories(folder);
    if (Files.exists(file)) {
      return read(file);
    }
    // Atomic, since another node with the same state directory may start at the same time.
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
          must(
              String.valueOf(file.getFileName()),
              "have mode 0600",
              PosixFilePermissions.toString(Files.getPosixFilePermissions(file))));
    }
    String text = Files.readString(file, StandardCharsets.US_ASCII).strip();
    if (text.length() < RANDOM_BYTES) {
      throw new IOException(
          cannot(
              "read " + file.getFileName(),
              "it contains no complete token",
              "remove the file to create a new one"));
    }
    return new TokenFile(Secret.of(text));
  }

  /** Returns whether the token is this one; in constant time, so that timing reveals nothing. */
  public boolean is(String candidate) {
    return MessageDigest.isEqual(
        candidate.getBytes(StandardCharsets.UTF_8),
        token.reveal().getBytes(StandardCharsets.UTF_8));
  }
}

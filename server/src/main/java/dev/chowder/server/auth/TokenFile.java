package dev.chowder.server.auth;

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
    Path folder = file.getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    var mode = PosixFilePermissions.asFileAttribute(OWNER_ONLY);
    try (var channel =
        Files.newByteChannel(
            file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), mode)) {
      channel.write(StandardCharsets.US_ASCII.encode(fresh + "\n"));
      return new TokenFile(Secret.of(fresh));
    } catch (FileAlreadyExistsException e) {
      return read(file);
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

package dev.chowder.secret;

import static dev.chowder.base.ErrorText.cannot;
import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import dev.chowder.storage.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * Signs and verifies the authentication tag at the end of a backup. The tag is an HMAC-SHA256 over
 * all bytes before it, with a key that is derived from the master key. It names that key by its
 * {@link MasterKey} id. Does not know what a backup contains.
 *
 * <p>The tag is one line of ASCII, {@code chowder-backup 1 KEY TAG}, with KEY and TAG in lower-case
 * hexadecimal digits. The line up to TAG is authenticated as well.
 */
public final class BackupTag {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int TAG_BYTES = 32;

  /** Separates this use of the master key from all others. */
  private static final byte[] CONTEXT = "chowder backup tag 1".getBytes(US_ASCII);

  private static final String BEGINNING = "chowder-backup 1 ";
  private static final int LINE_BYTES = BEGINNING.length() + 8 + 1 + 2 * TAG_BYTES + 1;
  private static final Pattern LINE =
      Pattern.compile("(" + BEGINNING + "([0-9a-f]{8}) )([0-9a-f]{64})\n");
  private static final int BUFFER_BYTES = 1 << 16;

  private final SecretSettings settings;
  private final List<Path> moreKeyFiles;

  /** A key that may have signed the backup, and its source, for messages. */
  private record Candidate(String source, ByteString key) {}

  /**
   * Uses the master keys that exist when a method is called.
   *
   * @param moreKeyFiles files with further keys for verification, such as those that a rotation
   *     kept
   */
  public BackupTag(SecretSettings settings, List<Path> moreKeyFiles) {
    this.settings = settings;
    this.moreKeyFiles = List.copyOf(moreKeyFiles);
  }

  /**
   * Appends a tag with the first master key. Returns when the tag is on the disk.
   *
   * @return the id of the key
   * @throws MasterKeyException if there is no key
   * @throws IllegalArgumentException if it is malformed, or other users may read its file
   * @throws StorageException if the file cannot be read or written
   */
  public String sign(Path backup) {
    var key =
        candidates(settings, List.of()).stream()
            .findFirst()
            .orElseThrow(
                () ->
                    new MasterKeyException(
                        cannot(
                            "sign the backup",
                            "no master key in "
                                + settings.masterKeyFile()
                                + " or CHOWDER_MASTER_KEY",
                            "provide it, or make an unsigned backup with --unsigned")))
            .key();
    try (var file = FileChannel.open(backup, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      var id = id(key);
      var line = BEGINNING + id + " ";
      var tag = HexFormat.of().formatHex(tag(file, file.size(), line, key));
      file.position(file.size());
      var text = ByteBuffer.wrap((line + tag + "\n").getBytes(US_ASCII));
      while (text.hasRemaining()) file.write(text);
      file.force(true);
      return id;
    } catch (IOException e) {
      throw new StorageException(
          cannot("sign the backup", e.toString(), "use a writable folder"), e);
    }
  }

  /**
   * Verifies the tag of a backup.
   *
   * @param unsignedToo whether to accept a backup without a tag, or with a tag of a missing key. A
   *     backup that does not match the tag of a present key is always rejected.
   * @return the result, one sentence for the operator
   * @throws StorageException if the backup must not be restored
   * @throws IllegalArgumentException if a key is malformed, or other users may read its file
   */
  public String verify(Path backup, boolean unsignedToo) {
    try (var file = FileChannel.open(backup, StandardOpenOption.READ)) {
      var line = line(file);
      if (line.isEmpty()) {
        if (unsignedToo) return "unsigned: nothing proves where this backup comes from";
        throw refused(
            "it has no tag: it was cut, or it was made before backups were signed; use another"
                + " copy, or --unsigned if you trust where it comes from");
      }
      var id = line.get().group(2);
      var known =
          candidates(settings, moreKeyFiles).stream()
              .filter(candidate -> id(candidate.key()).equals(id))
              .toList();
      if (known.isEmpty()) {
        if (unsignedToo) return "not verified: key " + id + ", which signed it, is not here";
        throw refused(
            "key "
                + id
                + ", which signed it, is not here; put the master key of the original into "
                + settings.masterKeyFile()
                + ", or use --unsigned if you trust where the backup comes from");
      }
      for (var candidate : known) {
        var expected = tag(file, file.size() - LINE_BYTES, line.get().group(1), candidate.key());
        if (MessageDigest.isEqual(expected, HexFormat.of().parseHex(line.get().group(3)))) {
          return "signed by key " + id + " of " + candidate.source();
        }
      }
      throw refused("it was altered after key " + id + " signed it; use another copy");
    } catch (IOException e) {
      throw new StorageException(
          cannot("restore the backup", e.toString(), "name a file of \"chowder admin backup\""), e);
    }
  }

  private static StorageException refused(String why) {
    return new StorageException(cannot("restore the backup", why));
  }

  /** Returns the last line if it is a tag. */
  private static Optional<Matcher> line(FileChannel file) throws IOException {
    if (file.size() < LINE_BYTES) return Optional.empty();
    var bytes = ByteBuffer.allocate(LINE_BYTES);
    readFully(file, bytes, file.size() - LINE_BYTES);
    var line = LINE.matcher(new String(bytes.array(), US_ASCII));
    return line.matches() ? Optional.of(line) : Optional.empty();
  }

  private static byte[] tag(FileChannel file, long length, String line, ByteString masterKey)
      throws IOException {
    try {
      var mac = Mac.getInstance(ALGORITHM);
      mac.init(derived(masterKey));
      var buffer = ByteBuffer.allocate(BUFFER_BYTES);
      for (long at = 0; at < length; at += buffer.limit()) {
        buffer.clear().limit((int) Math.min(BUFFER_BYTES, length - at));
        readFully(file, buffer, at);
        mac.update(buffer.flip());
      }
      mac.update(line.getBytes(US_ASCII));
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          cannot("compute the tag", "the JDK has no HMAC-SHA256 with HKDF"), e);
    }
  }

  private static SecretKey derived(ByteString masterKey) throws GeneralSecurityException {
    return KDF.getInstance("HKDF-SHA256")
        .deriveKey(
            ALGORITHM,
            HKDFParameterSpec.ofExtract()
                .addIKM(masterKey.toByteArray())
                .thenExpand(CONTEXT, TAG_BYTES));
  }

  private static void readFully(FileChannel file, ByteBuffer buffer, long from) throws IOException {
    while (buffer.hasRemaining()) {
      if (file.read(buffer, from + buffer.position()) < 0) {
        throw new IOException("the file became shorter while it was read");
      }
    }
  }

  private static List<Candidate> candidates(SecretSettings settings, List<Path> moreKeyFiles) {
    var all = new ArrayList<Candidate>();
    settings
        .masterKey()
        .ifPresentOrElse(
            text -> add(all, "CHOWDER_MASTER_KEY", text),
            () -> addFile(all, settings.masterKeyFile()));
    moreKeyFiles.forEach(file -> addFile(all, file));
    return all;
  }

  private static void addFile(List<Candidate> all, Path file) {
    MasterKeyFile.read(file).ifPresent(text -> add(all, file.toString(), text));
  }

  private static void add(List<Candidate> all, String source, Secret text) {
    MasterKey.decode(text).forEach(key -> all.add(new Candidate(source, ByteString.copyFrom(key))));
  }

  private static String id(ByteString key) {
    return HexFormat.of().toHexDigits(MasterKey.id(key.toByteArray()));
  }
}

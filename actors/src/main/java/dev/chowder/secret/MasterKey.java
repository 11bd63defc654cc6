package dev.chowder.secret;

import com.google.crypto.tink.AccessesPartialKey;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.AesGcmKey;
import com.google.crypto.tink.aead.AesGcmParameters;
import com.google.crypto.tink.util.SecretBytes;
import dev.chowder.storage.Database;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key that everything secret in the database is encrypted with (AES-256-GCM). Knows where it
 * comes from and whether it is this database's; gives its bytes to nobody.
 *
 * <p>While it is being changed there are several, separated by blanks or lines: the first writes,
 * all read. {@link #reload} takes what is there now, {@link SecretStore#rewrite} writes anew what
 * the others wrote, and then those can go.
 */
public final class MasterKey {
  private static final Logger LOG = LoggerFactory.getLogger(MasterKey.class);
  private static final int KEY_BYTES = 32;
  private static final int IV_BYTES = 12;
  private static final int TAG_BYTES = 16;

  /** Every ciphertext begins with a byte of Tink's and the id of its key. */
  private static final int PREFIX_BYTES = 5;

  /** What stood before every ciphertext when there was but one key. */
  private static final int FIRST_ID = 1;

  /** Far more than a change needs. */
  private static final int MAX_KEYS = 8;

  private static final byte[] CHECK = "chowder".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CHECK_CONTEXT = "secret_check".getBytes(StandardCharsets.US_ASCII);

  /** A key, and the id that stands before what it writes. */
  private record Key(int id, Aead aead) {
    boolean wrote(byte[] ciphertext) {
      return ciphertext.length > PREFIX_BYTES && ByteBuffer.wrap(ciphertext).getInt(1) == id;
    }
  }

  private final SecretSettings settings;
  private final Database database;
  private volatile List<Key> keys;

  private MasterKey(SecretSettings settings, Database database, List<Key> keys) {
    this.settings = settings;
    this.database = database;
    this.keys = keys;
  }

  /**
   * Takes the key from the environment or the file, and compares it with the database's check
   * value. Only for a database that holds no check value and no secret is a key made, or a new one
   * accepted; of several nodes that start on one at once, the first does, and the others must bring
   * the same.
   *
   * @throws MasterKeyException when there is no key, it is malformed, others may read its file, or
   *     the database was made with another one
   */
  public static MasterKey open(SecretSettings settings, Database database) {
    return database.alone("secret_check", handle -> open(settings, database, handle));
  }

  private static MasterKey open(SecretSettings settings, Database database, Handle handle) {
    Optional<byte[]> check = check(handle);
    boolean empty = check.isEmpty() && !holdsSecrets(handle);
    Optional<Secret> given = given(settings);
    if (given.isEmpty() && !empty) throw none(settings);
    Secret text = given.orElseGet(() -> make(settings));
    MasterKey key = new MasterKey(settings, database, keys(text));
    if (check.isPresent()) {
      key.mustOpen(check.get());
    } else if (empty) {
      handle.execute(
          "INSERT INTO secret_check (id, ciphertext) VALUES (1, ?)",
          key.encrypt(CHECK, CHECK_CONTEXT));
    } else {
      throw new MasterKeyException(
          "database: secrets without a check value (expected: both or neither): restore a backup");
    }
    return key;
  }

  private static Optional<byte[]> check(Handle handle) {
    return handle
        .createQuery("SELECT ciphertext FROM secret_check WHERE id = 1")
        .mapTo(byte[].class)
        .findOne();
  }

  private static Optional<Secret> given(SecretSettings settings) {
    return settings.masterKey().or(() -> MasterKeyFile.read(settings.masterKeyFile()));
  }

  private static MasterKeyException none(SecretSettings settings) {
    return new MasterKeyException(
        "master key: none (expected: the one that this database was made with, in "
            + settings.masterKeyFile()
            + " or CHOWDER_MASTER_KEY)");
  }

  /**
   * Takes the keys that are there now. The present ones stay when this throws.
   *
   * @return how many there are
   * @throws MasterKeyException when there is none, one is malformed, or none of them opens this
   *     database: the one that wrote it may only go when everything was written anew
   */
  public int reload() {
    var text = given(settings).orElseThrow(() -> none(settings));
    var read = new MasterKey(settings, database, keys(text));
    database.jdbi().useHandle(handle -> check(handle).ifPresent(read::mustOpen));
    keys = read.keys;
    return read.keys.size();
  }

  /** Whether the present first key wrote it. */
  boolean isCurrent(byte[] ciphertext) {
    return keys.getFirst().wrote(ciphertext);
  }

  /** From now on the first key alone must be there. */
  void rewriteCheck() {
    database
        .jdbi()
        .useHandle(
            handle ->
                handle.execute(
                    "UPDATE secret_check SET ciphertext = ? WHERE id = 1",
                    encrypt(CHECK, CHECK_CONTEXT)));
  }

  byte[] encrypt(byte[] plain, byte[] context) {
    try {
      return keys.getFirst().aead().encrypt(plain, context);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a value could not be encrypted", e);
    }
  }

  /** Throws when the ciphertext is damaged, of another key or of another context. */
  byte[] decrypt(byte[] ciphertext, byte[] context) throws GeneralSecurityException {
    var problem = new GeneralSecurityException("no key");
    for (var key : keys) {
      try {
        return key.aead().decrypt(ciphertext, context);
      } catch (GeneralSecurityException another) {
        problem = another;
      }
    }
    throw problem;
  }

  private void mustOpen(byte[] check) {
    try {
      if (Arrays.equals(decrypt(check, CHECK_CONTEXT), CHECK)) return;
    } catch (GeneralSecurityException e) {
      throw new MasterKeyException(
          "master key: another one (expected: the one that this database was made with)", e);
    }
    throw new MasterKeyException("database: unknown check value (expected: this version's)");
  }

  private static boolean holdsSecrets(Handle handle) {
    return handle
        .createQuery("SELECT 1 FROM secrets LIMIT 1")
        .mapTo(Integer.class)
        .findOne()
        .isPresent();
  }

  private static Secret make(SecretSettings settings) {
    byte[] bytes = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(bytes);
    Secret key = Secret.of(Base64.getEncoder().encodeToString(bytes));
    MasterKeyFile.write(settings.masterKeyFile(), key);
    LOG.info("master key made file={}: keep a copy apart", settings.masterKeyFile());
    return key;
  }

  private static List<Key> keys(Secret text) {
    return decode(text).stream().map(bytes -> new Key(id(bytes), aead(bytes, id(bytes)))).toList();
  }

  /** Returns the keys in a text, in its order and without duplicates. */
  static List<byte[]> decode(Secret text) {
    var parts = List.of(text.reveal().strip().split("\\s+"));
    if (parts.size() > MAX_KEYS) {
      throw new MasterKeyException(
          "master key: " + parts.size() + " of them (expected: at most " + MAX_KEYS + ")");
    }
    return parts.stream().distinct().map(MasterKey::decode).toList();
  }

  private static byte[] decode(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      if (bytes.length == KEY_BYTES) return bytes;
    } catch (IllegalArgumentException e) {
      // Its message would quote a part of the key.
    }
    throw new MasterKeyException("master key: malformed (expected: 32 bytes in base64)");
  }

  /** A part of the key's hash, so that no operator has to number keys. */
  static int id(byte[] key) {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key)).getInt();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 is not to be had", e);
    }
  }

  @AccessesPartialKey
  private static Aead aead(byte[] key, int id) {
    try {
      AeadConfig.register();
      AesGcmParameters parameters =
          AesGcmParameters.builder()
              .setKeySizeBytes(KEY_BYTES)
              .setIvSizeBytes(IV_BYTES)
              .setTagSizeBytes(TAG_BYTES)
              .setVariant(AesGcmParameters.Variant.TINK)
              .build();
      var bytes = SecretBytes.copyFrom(key, InsecureSecretKeyAccess.get());
      var keyset =
          KeysetHandle.newBuilder()
              .addEntry(KeysetHandle.importKey(imported(parameters, bytes, id)).makePrimary());
      if (id != FIRST_ID) {
        keyset.addEntry(KeysetHandle.importKey(imported(parameters, bytes, FIRST_ID)));
      }
      return keyset.build().getPrimitive(RegistryConfiguration.get(), Aead.class);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-256-GCM is not to be had", e);
    }
  }

  @AccessesPartialKey
  private static AesGcmKey imported(AesGcmParameters parameters, SecretBytes bytes, int id)
      throws GeneralSecurityException {
    return AesGcmKey.builder()
        .setParameters(parameters)
        .setKeyBytes(bytes)
        .setIdRequirement(id)
        .build();
  }
}

package dev.chowder.secret;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.crypto.tink.AccessesPartialKey;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.AesGcmKey;
import com.google.crypto.tink.aead.AesGcmParameters;
import com.google.crypto.tink.util.SecretBytes;
import dev.chowder.base.Sha256;
import dev.chowder.storage.Database;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key that encrypts all secrets in the database (AES-256-GCM). Checks that it belongs to this
 * database. Does not expose its bytes.
 *
 * <p>During a rotation there are several keys, separated by blanks or line breaks: the first
 * encrypts, all decrypt. {@link #reload} reads the current keys. {@link SecretStore#rewrite}
 * encrypts everything with the first key; afterwards the others can be removed.
 */
public final class MasterKey {
  private static final Logger LOG = LoggerFactory.getLogger(MasterKey.class);
  private static final int KEY_BYTES = 32;
  private static final int IV_BYTES = 12;
  private static final int TAG_BYTES = 16;

  /** Every ciphertext begins with a byte of Tink's and the id of its key. */
  private static final int PREFIX_BYTES = 5;

  /** The key id in ciphertexts from before Chowder supported several keys. */
  private static final int FIRST_ID = 1;

  /** Far more keys than a rotation needs. */
  private static final int MAX_KEYS = 8;

  private static final byte[] CHECK = "chowder".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CHECK_CONTEXT = "secret_check".getBytes(StandardCharsets.US_ASCII);

  /** A key, and the id in the prefix of its ciphertexts. */
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
   * Reads the key from the environment or the file, and compares it with the database's check
   * value. If the database contains neither a check value nor a secret, a new key is accepted, or
   * created if none is given. If several nodes start on such a database at once, the first one does
   * this, and the others must have the same key.
   *
   * @throws MasterKeyException if there is no key, or the database was created with another one
   * @throws IllegalArgumentException if the key is malformed, or other users may read its file
   */
  public static MasterKey open(SecretSettings settings, Database database) {
    return database.exclusively("secret_check", handle -> open(settings, database, handle));
  }

  private static MasterKey open(SecretSettings settings, Database database, Handle handle) {
    Optional<byte[]> check = check(handle);
    boolean empty = check.isEmpty() && !holdsSecrets(handle);
    Optional<Secret> given = given(settings);
    if (given.isEmpty() && !empty) throw none(settings);
    Secret text = given.orElseGet(() -> create(settings));
    MasterKey key = new MasterKey(settings, database, keys(text));
    if (check.isPresent()) {
      key.mustOpen(check.get());
    } else if (empty) {
      handle.execute(
          "INSERT INTO secret_check (id, ciphertext) VALUES (1, ?)",
          key.encrypt(CHECK, CHECK_CONTEXT));
    } else {
      throw new MasterKeyException(
          cannot(
              "check the master key",
              "the database contains secrets but no check value",
              "restore a backup"));
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
        cannot(
            "read the secrets",
            "no master key in " + settings.masterKeyFile() + " or CHOWDER_MASTER_KEY",
            "provide the key that this database was created with"));
  }

  /**
   * Replaces the keys with the current ones of the environment or the file. If this throws, the
   * previous keys stay in use.
   *
   * @return the number of keys
   * @throws MasterKeyException if there is no key, or none of them decrypts this database's check
   *     value. A key may be removed only after everything that it encrypted was rewritten.
   * @throws IllegalArgumentException if one is malformed, or other users may read the file
   */
  public int reload() {
    var text = given(settings).orElseThrow(() -> none(settings));
    var read = new MasterKey(settings, database, keys(text));
    database.jdbi().useHandle(handle -> check(handle).ifPresent(read::mustOpen));
    keys = read.keys;
    return read.keys.size();
  }

  /** Returns whether the first key encrypted this. */
  boolean isCurrent(byte[] ciphertext) {
    return keys.getFirst().wrote(ciphertext);
  }

  /** Encrypts the check value with the first key. Afterwards the other keys can be removed. */
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
      throw new IllegalStateException(cannot("encrypt a value", "the cipher failed"), e);
    }
  }

  /**
   * @throws GeneralSecurityException if the ciphertext is damaged, or belongs to another key or
   *     context
   */
  byte[] decrypt(byte[] ciphertext, byte[] context) throws GeneralSecurityException {
    var problem = new GeneralSecurityException(cannot("decrypt a value", "there is no key"));
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
          cannot(
              "read the secrets",
              "the database was created with another master key",
              "provide that key"),
          e);
    }
    throw new MasterKeyException(
        cannot(
            "check the master key",
            "another version of Chowder wrote the check value",
            "run that version"));
  }

  private static boolean holdsSecrets(Handle handle) {
    return handle
        .createQuery("SELECT 1 FROM secrets LIMIT 1")
        .mapTo(Integer.class)
        .findOne()
        .isPresent();
  }

  private static Secret create(SecretSettings settings) {
    byte[] bytes = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(bytes);
    Secret key = Secret.of(Base64.getEncoder().encodeToString(bytes));
    MasterKeyFile.write(settings.masterKeyFile(), key);
    LOG.info("master key created file={}; keep a copy in another place", settings.masterKeyFile());
    return key;
  }

  private static List<Key> keys(Secret text) {
    return decode(text).stream().map(bytes -> new Key(id(bytes), aead(bytes, id(bytes)))).toList();
  }

  /** Returns the keys in a text, in its order and without duplicates. */
  static List<byte[]> decode(Secret text) {
    var parts = List.of(text.reveal().strip().split("\\s+"));
    if (parts.size() > MAX_KEYS) {
      throw new IllegalArgumentException(
          must("master key", "have at most " + MAX_KEYS + " keys", parts.size()));
    }
    return parts.stream().distinct().map(MasterKey::decode).toList();
  }

  private static byte[] decode(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      if (bytes.length == KEY_BYTES) return bytes;
    } catch (IllegalArgumentException e) {
      // Not used as the cause: its message would quote a part of the key.
    }
    throw new IllegalArgumentException(must("master key", "be " + KEY_BYTES + " bytes in base64"));
  }

  /** Returns the id of a key: a part of its hash, so that operators need not number keys. */
  static int id(byte[] key) {
    return ByteBuffer.wrap(Sha256.of(key)).getInt();
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
      throw new IllegalStateException(
          cannot("use the master key", "AES-256-GCM is not available"), e);
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

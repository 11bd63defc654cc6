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
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one key that everything secret in the database is encrypted with (AES-256-GCM). Knows where
 * it comes from and whether it is this database's; gives its bytes to nobody.
 */
public final class MasterKey {
  private static final Logger LOG = LoggerFactory.getLogger(MasterKey.class);
  private static final int KEY_BYTES = 32;
  private static final int IV_BYTES = 12;
  private static final int TAG_BYTES = 16;

  /** Stands before every ciphertext, so that a later key can be told from this one. */
  private static final int KEY_ID = 1;

  private static final byte[] CHECK = "chowder".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CHECK_CONTEXT = "secret_check".getBytes(StandardCharsets.US_ASCII);

  private final Aead aead;

  private MasterKey(Aead aead) {
    this.aead = aead;
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
    return database.alone("secret_check", handle -> open(settings, handle));
  }

  private static MasterKey open(SecretSettings settings, Handle handle) {
    Optional<byte[]> check =
        handle
            .createQuery("SELECT ciphertext FROM secret_check WHERE id = 1")
            .mapTo(byte[].class)
            .findOne();
    boolean empty = check.isEmpty() && !holdsSecrets(handle);
    Optional<Secret> given =
        settings.masterKey().or(() -> MasterKeyFile.read(settings.masterKeyFile()));
    if (given.isEmpty() && !empty) {
      throw new MasterKeyException(
          "master key: none (expected: the one that this database was made with, in "
              + settings.masterKeyFile()
              + " or CHOWDER_MASTER_KEY)");
    }
    Secret text = given.orElseGet(() -> make(settings));
    MasterKey key = new MasterKey(aead(decode(text)));
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

  byte[] encrypt(byte[] plain, byte[] context) {
    try {
      return aead.encrypt(plain, context);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a value could not be encrypted", e);
    }
  }

  /** Throws when the ciphertext is damaged, of another key or of another context. */
  byte[] decrypt(byte[] ciphertext, byte[] context) throws GeneralSecurityException {
    return aead.decrypt(ciphertext, context);
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

  private static byte[] decode(Secret text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text.reveal().strip());
      if (bytes.length == KEY_BYTES) return bytes;
    } catch (IllegalArgumentException e) {
      // Its message would quote a part of the key.
    }
    throw new MasterKeyException("master key: malformed (expected: 32 bytes in base64)");
  }

  @AccessesPartialKey
  private static Aead aead(byte[] key) {
    try {
      AeadConfig.register();
      AesGcmParameters parameters =
          AesGcmParameters.builder()
              .setKeySizeBytes(KEY_BYTES)
              .setIvSizeBytes(IV_BYTES)
              .setTagSizeBytes(TAG_BYTES)
              .setVariant(AesGcmParameters.Variant.TINK)
              .build();
      AesGcmKey imported =
          AesGcmKey.builder()
              .setParameters(parameters)
              .setKeyBytes(SecretBytes.copyFrom(key, InsecureSecretKeyAccess.get()))
              .setIdRequirement(KEY_ID)
              .build();
      return KeysetHandle.newBuilder()
          .addEntry(KeysetHandle.importKey(imported).makePrimary())
          .build()
          .getPrimitive(RegistryConfiguration.get(), Aead.class);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-256-GCM is not to be had", e);
    }
  }
}

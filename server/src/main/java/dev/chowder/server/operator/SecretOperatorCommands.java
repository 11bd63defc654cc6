package dev.chowder.server.operator;

import dev.chowder.api.v1.Reason;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.error.ApiError;

/** Changes the master key of this node; rejects an unusable key with the reason. May block. */
public class SecretOperatorCommands {
  private final MasterKey key;
  private final SecretStore secrets;

  public SecretOperatorCommands(MasterKey key, SecretStore secrets) {
    this.key = key;
    this.secrets = secrets;
  }

  /**
   * Reads the master keys again from their source. The first key encrypts, all keys decrypt.
   *
   * @return number of keys
   */
  public int reload() {
    try {
      return key.reload();
    } catch (MasterKeyException | IllegalArgumentException why) {
      throw refused(why);
    }
  }

  /**
   * Encrypts all values with the first key that another key encrypted.
   *
   * @return number of rewritten values
   */
  public int rewrite() {
    try {
      return secrets.rewrite();
    } catch (MasterKeyException why) {
      throw refused(why);
    }
  }

  private static ApiError refused(RuntimeException why) {
    return ApiError.of(Reason.WRONG_STATE, String.valueOf(why.getMessage()));
  }
}

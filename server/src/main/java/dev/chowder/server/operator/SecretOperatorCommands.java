package dev.chowder.server.operator;

import dev.chowder.api.v1.Reason;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.error.ApiError;
import java.util.function.IntSupplier;

/** Changes the master key of this node; rejects an unusable key and states the reason. */
public final class SecretOperatorCommands implements MasterKeyCommands {
  private final MasterKey key;
  private final SecretStore secrets;

  public SecretOperatorCommands(MasterKey key, SecretStore secrets) {
    this.key = key;
    this.secrets = secrets;
  }

  @Override
  public int reload() {
    return orRefused(key::reload);
  }

  @Override
  public int rewrite() {
    return orRefused(secrets::rewrite);
  }

  private static int orRefused(IntSupplier command) {
    try {
      return command.getAsInt();
    } catch (MasterKeyException why) {
      throw ApiError.of(Reason.WRONG_STATE, String.valueOf(why.getMessage()));
    }
  }
}

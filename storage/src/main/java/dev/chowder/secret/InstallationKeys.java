package dev.chowder.secret;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Creates and reads the keys that all nodes of an installation share. */
public final class InstallationKeys {
  private static final int BYTES = 32;

  private InstallationKeys() {}

  /**
   * Returns the key for the names of containers, and creates it if there is none. It does not
   * depend on the master key, because a rotation of that one must not change the names.
   */
  public static ByteString ofContainerNames(SecretStore secrets) {
    var owner = SecretNames.INSTALLATION;
    var name = SecretNames.CONTAINER_NAMES;
    var stored = secrets.get(owner, name);
    if (stored.isEmpty()) {
      // If another node creates one at the same time, both use that one.
      var _ = secrets.create(owner, name, create());
      stored = secrets.get(owner, name);
    }
    return ByteString.fromHex(stored.orElseThrow().reveal());
  }

  private static Secret create() {
    var bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return Secret.of(HexFormat.of().formatHex(bytes));
  }
}

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
    if (secrets.get(owner, name).isEmpty()) {
      var bytes = new byte[BYTES];
      new SecureRandom().nextBytes(bytes);
      // If another node creates one at the same time, both use that one.
      var _ = secrets.create(owner, name, Secret.of(HexFormat.of().formatHex(bytes)));
    }
    return ByteString.fromHex(secrets.get(owner, name).orElseThrow().reveal());
  }
}

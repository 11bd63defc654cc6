package dev.chowder.secret;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where the master key comes from.
 *
 * @param masterKeyFile read, or made for an empty database
 * @param masterKey in base64; present: the file is not looked at
 */
public record SecretSettings(Path masterKeyFile, Optional<Secret> masterKey) {
  /** The variable is read here and not through the configuration, which may be printed. */
  private static final String VARIABLE = "CHOWDER_MASTER_KEY";

  /**
   * Reads {@code chowder.secret} and the process's environment.
   *
   * @param root the whole configuration
   */
  public static SecretSettings from(Config root) {
    return from(root, System.getenv());
  }

  static SecretSettings from(Config root, Map<String, String> environment) {
    return new SecretSettings(
        Path.of(root.getString("chowder.secret.master-key-file")),
        Optional.ofNullable(environment.get(VARIABLE)).filter(k -> !k.isBlank()).map(Secret::of));
  }
}

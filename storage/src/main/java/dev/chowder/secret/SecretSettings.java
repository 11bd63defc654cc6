package dev.chowder.secret;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The source of the master key.
 *
 * @param masterKeyFile file that is read, or created for an empty database
 * @param masterKey key in base64; if present, the file is not read
 */
public record SecretSettings(Path masterKeyFile, Optional<Secret> masterKey) {
  /** Read directly from the environment, because the configuration may be printed. */
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

package dev.chowder.organization;

import dev.chowder.secret.SecretNames;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** A provider of models. The journal stores its label. */
public enum ModelProvider {
  ANTHROPIC,
  OPENAI,
  GEMINI,
  /** Any server with an API that OpenClaw supports. It needs an endpoint; a key is optional. */
  CUSTOM;

  /** Returns the name in REST and in the journal. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the name of the provider's key in the table of secrets.
   *
   * @param version the version from {@link OrganizationView#keys}
   */
  public String secretName(String version) {
    return SecretNames.providerKey(label(), version);
  }

  public static Optional<ModelProvider> ofLabel(String label) {
    return Arrays.stream(values()).filter(p -> p.label().equals(label)).findFirst();
  }
}

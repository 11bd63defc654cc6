package dev.chowder.organization;

import dev.chowder.base.Labelled;
import dev.chowder.secret.SecretNames;
import java.util.Optional;

/** A provider of models. The journal stores its label. */
public enum ModelProvider implements Labelled {
  ANTHROPIC,
  OPENAI,
  GEMINI,
  /** Any server with an API that OpenClaw supports. It needs an endpoint; a key is optional. */
  CUSTOM;

  /**
   * Returns the name of the provider's key in the table of secrets.
   *
   * @param version the version from {@link OrganizationView#keys}
   */
  public String secretName(String version) {
    return SecretNames.providerKey(label(), version);
  }

  public static Optional<ModelProvider> ofLabel(String label) {
    return Labelled.find(ModelProvider.class, label);
  }
}

package dev.chowder.organization;

import dev.chowder.secret.SecretNames;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Whose models an agent can think with. Written in the journal by its label. */
public enum ModelProvider {
  ANTHROPIC,
  OPENAI,
  GEMINI,
  /**
   * Any server with an interface that OpenClaw knows: it needs an endpoint, and may need no key.
   */
  CUSTOM;

  /** As REST and the journal write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the name of the key in the table of secrets.
   *
   * @param version as {@link OrganizationView#keys} has it
   */
  public String secretName(String version) {
    return SecretNames.providerKey(label(), version);
  }

  public static Optional<ModelProvider> ofLabel(String label) {
    return Arrays.stream(values()).filter(p -> p.label().equals(label)).findFirst();
  }
}

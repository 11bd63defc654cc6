package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
import dev.chowder.settings.SettingsBinder;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Settings of the access to Stripe. {@code reference.conf} describes each value.
 *
 * @param prices Stripe's price ids by tier
 * @param readTimeout longest time between two bytes of a response
 * @param maxRetries retries after the first try
 * @param tolerance maximum age of a signature
 */
public record StripeSettings(
    Secret secretKey,
    Secret webhookSecret,
    Map<Tier, String> prices,
    String returnUrl,
    String apiBase,
    Duration connectTimeout,
    Duration readTimeout,
    int maxRetries,
    Duration tolerance,
    int maxEventBytes) {
  private static final String BLOCK = "chowder.stripe.";

  private record Prices(String crab, String lobster) {}

  private record Values(
      String secretKeyFile,
      String webhookSecretFile,
      Prices prices,
      String returnUrl,
      String apiBase,
      Duration connectTimeout,
      Duration readTimeout,
      int maxRetries,
      Duration maxSignatureAge,
      int maxEventBytes) {}

  public StripeSettings {
    prices = Map.copyOf(prices);
  }

  /**
   * Reads {@code chowder.stripe}, and secrets from the environment of the process.
   *
   * @param root the whole configuration
   * @return empty if there is no secret key, so that no subscriptions are sold
   */
  public static Optional<StripeSettings> from(Config root) {
    return from(root, System.getenv());
  }

  static Optional<StripeSettings> from(Config root, Map<String, String> environment) {
    var values = SettingsBinder.bind(root, "chowder.stripe", Values.class);
    return secret("secret-key", values.secretKeyFile, "CHOWDER_STRIPE_SECRET_KEY", environment)
        .map(key -> complete(values, key, environment));
  }

  private static StripeSettings complete(
      Values values, Secret key, Map<String, String> environment) {
    String crab = required("prices.crab", values.prices.crab);
    String lobster = required("prices.lobster", values.prices.lobster);
    if (crab.equals(lobster)) {
      throw new IllegalArgumentException(
          must(BLOCK + "prices", "have a different price for each tier"));
    }
    return new StripeSettings(
        key,
        secret(
                "webhook-secret",
                values.webhookSecretFile,
                "CHOWDER_STRIPE_WEBHOOK_SECRET",
                environment)
            .orElseThrow(() -> notSet("webhook-secret-file")),
        Map.of(Tier.CRAB, crab, Tier.LOBSTER, lobster),
        url("return-url", values.returnUrl),
        url("api-base", values.apiBase),
        values.connectTimeout,
        values.readTimeout,
        values.maxRetries,
        values.maxSignatureAge,
        values.maxEventBytes);
  }

  /** Returns the tier of a price id; empty if no tier has it. */
  Optional<Tier> tierOf(String price) {
    return prices.entrySet().stream()
        .filter(entry -> entry.getValue().equals(price))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  String priceOf(Tier tier) {
    String price = prices.get(tier);
    if (price == null) throw new IllegalArgumentException(tier.label() + " is not sold");
    return price;
  }

  private static Optional<Secret> secret(
      String name, String file, String variable, Map<String, String> environment) {
    return SecretFile.find(BLOCK + name + "-file", file, variable, environment);
  }

  private static String url(String path, String value) {
    String text = required(path, value);
    try {
      URI url = new URI(text);
      if (url.getHost() != null && text.matches("https?://.+")) return text;
    } catch (URISyntaxException e) {
      // Reported below.
    }
    throw new IllegalArgumentException(must(BLOCK + path, "be an http or https URL", text));
  }

  private static String required(String path, String value) {
    String text = value.strip();
    if (text.isEmpty()) throw notSet(path);
    return text;
  }

  private static IllegalArgumentException notSet(String path) {
    return new IllegalArgumentException(
        must(BLOCK + path, "be set, because a secret key of Stripe is set"));
  }
}

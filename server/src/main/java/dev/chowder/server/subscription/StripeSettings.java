package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
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
    Config stripe = root.getConfig("chowder.stripe");
    return secret(stripe, "secret-key", "CHOWDER_STRIPE_SECRET_KEY", environment)
        .map(key -> read(stripe, key, environment));
  }

  private static StripeSettings read(Config stripe, Secret key, Map<String, String> environment) {
    String crab = required(stripe, "prices.crab");
    String lobster = required(stripe, "prices.lobster");
    if (crab.equals(lobster)) {
      throw new IllegalArgumentException(
          must(BLOCK + "prices", "have a different price for each tier"));
    }
    return new StripeSettings(
        key,
        secret(stripe, "webhook-secret", "CHOWDER_STRIPE_WEBHOOK_SECRET", environment)
            .orElseThrow(() -> notSet("webhook-secret-file")),
        Map.of(Tier.CRAB, crab, Tier.LOBSTER, lobster),
        url(stripe, "return-url"),
        url(stripe, "api-base"),
        stripe.getDuration("connect-timeout"),
        stripe.getDuration("read-timeout"),
        stripe.getInt("max-retries"),
        stripe.getDuration("tolerance"),
        stripe.getInt("max-event-bytes"));
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
      Config stripe, String name, String variable, Map<String, String> environment) {
    String path = name + "-file";
    return SecretFile.find(BLOCK + path, stripe.getString(path), variable, environment);
  }

  private static String url(Config stripe, String path) {
    String text = required(stripe, path);
    try {
      URI url = new URI(text);
      if (url.getHost() != null && text.matches("https?://.+")) return text;
    } catch (URISyntaxException e) {
      // Reported below.
    }
    throw new IllegalArgumentException(must(BLOCK + path, "be an http or https URL", text));
  }

  private static String required(Config stripe, String path) {
    String text = stripe.getString(path).strip();
    if (text.isEmpty()) throw notSet(path);
    return text;
  }

  private static IllegalArgumentException notSet(String path) {
    return new IllegalArgumentException(
        must(BLOCK + path, "be set, because a secret key of Stripe is set"));
  }
}

package dev.chowder.server.subscription;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * An event with Stripe's signature. The signature is computed here, without Stripe's library, which
 * must accept it.
 */
public record SignedEvent(String body, String signature) {
  /** The webhook secret of the tests. */
  public static final String SIGNED_WITH = "whsec_of_a_test";

  /** The prices in the tests' settings. */
  public static final String CRAB = "price_crab";

  public static final String LOBSTER = "price_lobster";

  /** Returns an event that was signed now. */
  public static SignedEvent of(String body) {
    return of(body, Instant.now(), SIGNED_WITH);
  }

  public static SignedEvent of(String body, Instant at, String with) {
    long second = at.getEpochSecond();
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(with.getBytes(UTF_8), "HmacSHA256"));
      var sum = mac.doFinal((second + "." + body).getBytes(UTF_8));
      return new SignedEvent(body, "t=" + second + ",v1=" + HexFormat.of().formatHex(sum));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns a completed and paid checkout. */
  public static String completed(
      String id, long created, String organization, String customer, String subscription) {
    return completed(id, created, organization, customer, subscription, "lobster", "paid");
  }

  public static String completed(
      String id,
      long created,
      String organization,
      String customer,
      String subscription,
      String tier,
      String payment) {
    return event(
        id,
        "checkout.session.completed",
        created,
        """
        {"id": "cs_1", "object": "checkout.session", "mode": "subscription",
         "client_reference_id": "%s", "customer": "%s", "subscription": "%s",
         "metadata": {"tier": "%s"}, "payment_status": "%s"}"""
            .formatted(organization, customer, subscription, tier, payment));
  }

  /**
   * Returns a change of a subscription.
   *
   * @param what {@code updated} or {@code deleted}
   */
  public static String subscription(
      String id,
      String what,
      long created,
      String organization,
      String customer,
      String subscription,
      String status,
      String price) {
    return event(
        id,
        "customer.subscription." + what,
        created,
        """
        {"id": "%s", "object": "subscription", "customer": "%s", "status": "%s",
         "metadata": {"organization_id": "%s"},
         "items": {"object": "list", "data": [{"price": {"id": "%s"}, "quantity": 1}]}}"""
            .formatted(subscription, customer, status, organization, price));
  }

  public static String event(String id, String type, long created, String object) {
    return """
        {"id": "%s", "object": "event", "api_version": "2019-02-19", "created": %d, "type": "%s",
         "data": {"object": %s}}"""
        .formatted(id, created, type, object);
  }
}

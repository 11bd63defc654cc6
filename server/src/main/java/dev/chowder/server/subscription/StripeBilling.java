package dev.chowder.server.subscription;

import com.stripe.Stripe;
import com.stripe.StripeClient;
import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.AuthenticationException;
import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.StripeException;
import com.stripe.net.RequestOptions;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.checkout.SessionCreateParams;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Tier;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Chowder asks of Stripe. Each request is bounded, and carries a key by which Stripe makes
 * once what is asked for twice. It decides nothing about tiers. Blocks.
 */
final class StripeBilling {
  /** By which the webhook finds the organization again. */
  static final String ORGANIZATION = "organization_id";

  /** By which the webhook knows what was bought. */
  static final String TIER = "tier";

  /** Of what Stripe, or whoever answers in its place, says. */
  private static final int MAX_LOGGED = 300;

  private static final Logger LOG = LoggerFactory.getLogger(StripeBilling.class);

  static {
    // The library would make an id of this machine's, keep it in the user's home, and tell it.
    Stripe.enableTelemetry = false;
  }

  private final StripeClient stripe;
  private final StripeSettings settings;

  StripeBilling(StripeSettings settings) {
    this.settings = settings;
    this.stripe =
        StripeClient.builder()
            .setApiKey(settings.secretKey().reveal())
            .setApiBase(settings.apiBase())
            .setConnectTimeout(millis(settings.connectTimeout()))
            .setReadTimeout(millis(settings.readTimeout()))
            .setMaxNetworkRetries(settings.maxRetries())
            .build();
  }

  /** Stripe does not know the customer any more, or not in this mode. */
  static final class CustomerGone extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /** Stripe no longer knows the subscription. */
  private static final class SubscriptionGone extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private interface Request {
    /** The one text that is wanted of the answer; null: it has none. */
    @Nullable String send() throws StripeException;
  }

  /**
   * Makes a customer, and answers its id; the same one for a day when two ask for it.
   *
   * @param instead of one that is gone; empty: the first one
   */
  String createCustomer(OrganizationView organization, Optional<String> instead) {
    var params =
        CustomerCreateParams.builder()
            .setName(organization.name())
            .putMetadata(ORGANIZATION, organization.id())
            .build();
    // Stripe refuses a key that comes with other parameters.
    var key =
        "customer-%s-%08x-%s"
            .formatted(organization.id(), organization.name().hashCode(), instead.orElse("first"));
    try {
      return send(() -> stripe.v1().customers().create(params, once(key)).getId());
    } catch (CustomerGone e) {
      throw new IllegalStateException("a customer that is made is missing", e);
    }
  }

  /** Answers where the payer has to go. */
  String createCheckout(String organizationId, String customerId, Tier tier, String key)
      throws CustomerGone {
    var params =
        SessionCreateParams.builder()
            .setMode(SessionCreateParams.Mode.SUBSCRIPTION)
            .setCustomer(customerId)
            .setClientReferenceId(organizationId)
            .putMetadata(TIER, tier.label())
            .addLineItem(
                SessionCreateParams.LineItem.builder()
                    .setPrice(settings.priceOf(tier))
                    .setQuantity(1L)
                    .build())
            .setSubscriptionData(
                SessionCreateParams.SubscriptionData.builder()
                    .putMetadata(ORGANIZATION, organizationId)
                    .build())
            .setSuccessUrl(settings.returnUrl())
            .setCancelUrl(settings.returnUrl())
            .build();
    return send(() -> stripe.v1().checkout().sessions().create(params, once(key)).getUrl());
  }

  /** Answers where the portal is. */
  String createPortal(String customerId, String key) throws CustomerGone {
    var params =
        com.stripe.param.billingportal.SessionCreateParams.builder()
            .setCustomer(customerId)
            .setReturnUrl(settings.returnUrl())
            .build();
    return send(() -> stripe.v1().billingPortal().sessions().create(params, once(key)).getUrl());
  }

  /** Cancels a subscription at once; a missing one counts as cancelled. */
  void cancel(String subscriptionId) {
    try {
      var _ = send(() -> stripe.v1().subscriptions().cancel(subscriptionId).getId());
    } catch (CustomerGone e) {
      throw new IllegalStateException("a cancellation names no customer", e);
    } catch (SubscriptionGone alreadyCancelled) {
      LOG.info("stripe: subscription {} is cancelled already", subscriptionId);
    }
  }

  private static RequestOptions once(String key) {
    return RequestOptions.builder().setIdempotencyKey(key).build();
  }

  private static String send(Request request) throws CustomerGone {
    try {
      return Objects.requireNonNull(request.send(), "the answer lacks what was asked for");
    } catch (ApiConnectionException e) {
      LOG.warn("stripe: no answer: {}", String.valueOf(e.getCause()));
      throw unavailable("no answer (expected: one; it is safe to say it again)");
    } catch (StripeException e) {
      if (isGone(e, "customer")) throw new CustomerGone();
      if (isGone(e, "id") || isGone(e, "subscription_exposed_id")) throw new SubscriptionGone();
      LOG.error(
          "stripe: status={} code={} request={}: {}",
          e.getStatusCode(),
          e.getCode(),
          e.getRequestId(),
          // The message about a key that is wrong shows some of it.
          e instanceof AuthenticationException ? "the secret key is refused" : firstLine(e));
      throw unavailable("a refusal (expected: an answer; the operator finds it in the log)");
    } catch (RuntimeException e) {
      // The library stumbles over an empty body, such as some proxies send.
      LOG.error("stripe: an answer that cannot be read", e);
      throw unavailable("an answer that cannot be read (expected: one of its API)");
    }
  }

  private static boolean isGone(StripeException e, String parameter) {
    return e instanceof InvalidRequestException invalid
        && "resource_missing".equals(invalid.getCode())
        && parameter.equals(invalid.getParam());
  }

  private static String firstLine(StripeException e) {
    var line = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return line.substring(0, Math.min(line.length(), MAX_LOGGED));
  }

  private static ApiError unavailable(String got) {
    return ApiError.of(Reason.BILLING_UNAVAILABLE, "Stripe: " + got);
  }

  private static int millis(Duration duration) {
    return Math.toIntExact(duration.toMillis());
  }
}

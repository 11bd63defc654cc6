package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.cannot;

import com.stripe.Stripe;
import com.stripe.StripeClient;
import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.AuthenticationException;
import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.StripeException;
import com.stripe.net.RequestOptions;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.checkout.SessionCreateParams;
import dev.chowder.api.v1.Reason;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Tier;
import dev.chowder.server.error.ApiError;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests to Stripe. Each request has a time limit and an idempotency key, so that Stripe
 * performs it once. Does not decide about tiers. Blocks.
 */
final class StripeBilling {
  /** Name of the metadata by which the webhook finds the organization. */
  static final String ORGANIZATION = "organization_id";

  /** Name of the metadata by which the webhook finds the tier. */
  static final String TIER = "tier";

  /** Characters of an error message of Stripe, or of a proxy, that are logged. */
  private static final int MAX_LOGGED = 300;

  private static final Logger LOG = LoggerFactory.getLogger(StripeBilling.class);

  static {
    // The library would create an id of this machine, store it in the user's home and send it.
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

  /** Stripe does not know the customer, or does not know it in this mode (test or live). */
  static final class CustomerGone extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /** Stripe no longer knows the subscription. */
  private static final class SubscriptionGone extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private interface Request {
    /** Returns one field of the response; null if the response does not have it. */
    @Nullable String send() throws StripeException;
  }

  /**
   * Creates a customer and returns its id. For a day, a repeated call returns the same customer.
   *
   * @param instead the customer that is gone; empty if this is the first one
   */
  String createCustomer(OrganizationView organization, Optional<String> instead) {
    var params =
        CustomerCreateParams.builder()
            .setName(organization.name())
            .putMetadata(ORGANIZATION, organization.id())
            .build();
    // Stripe rejects an idempotency key that it has seen with other parameters.
    var key =
        "customer-%s-%08x-%s"
            .formatted(organization.id(), organization.name().hashCode(), instead.orElse("first"));
    try {
      return send(() -> stripe.v1().customers().create(params, once(key)).getId());
    } catch (CustomerGone e) {
      throw new IllegalStateException("creating a customer names no customer", e);
    }
  }

  /** Creates a checkout and returns the URL for the payer. */
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

  /** Creates a session of the customer portal and returns its URL. */
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
      return Objects.requireNonNull(request.send(), "the response lacks the expected field");
    } catch (ApiConnectionException e) {
      LOG.warn("stripe: no answer: {}", String.valueOf(e.getCause()));
      throw unavailable("Stripe did not respond", "retry; the retry cannot repeat the change");
    } catch (StripeException e) {
      if (isGone(e, "customer")) throw new CustomerGone();
      if (isGone(e, "id") || isGone(e, "subscription_exposed_id")) throw new SubscriptionGone();
      LOG.error(
          "stripe: status={} code={} request={}: {}",
          e.getStatusCode(),
          e.getCode(),
          e.getRequestId(),
          // The message about a wrong key contains a part of it.
          e instanceof AuthenticationException ? "Stripe rejected the secret key" : firstLine(e));
      throw unavailable("Stripe rejected it", "ask the operator, whose log has the reason");
    } catch (RuntimeException e) {
      // The library throws these for an empty body, which some proxies send.
      LOG.error("stripe: unreadable response", e);
      throw unavailable("Stripe's response is unreadable", "retry later");
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

  private static ApiError unavailable(String cause, String remedy) {
    return ApiError.of(
        Reason.BILLING_UNAVAILABLE, cannot("change the subscription", cause, remedy));
  }

  private static int millis(Duration duration) {
    return Math.toIntExact(duration.toMillis());
  }
}

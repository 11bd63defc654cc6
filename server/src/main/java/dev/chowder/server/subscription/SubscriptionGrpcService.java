package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.server.stream.Unary.answer;

import com.google.protobuf.Empty;
import dev.chowder.api.v1.Checkout;
import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.api.v1.CreatePortalRequest;
import dev.chowder.api.v1.GetSubscriptionRequest;
import dev.chowder.api.v1.Portal;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.ReceiveStripeEventRequest;
import dev.chowder.api.v1.Subscription;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Tier;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.idempotency.NewId;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.subscription.StripeBilling.CustomerGone;
import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;

/** Serves {@code SubscriptionService}: shows the tier of an organization and sells tiers. */
public final class SubscriptionGrpcService
    extends SubscriptionServiceGrpc.SubscriptionServiceImplBase {
  private final OrganizationClient organizations;
  private final Optional<Shop> shop;
  private final Clock clock;

  private record Shop(StripeBilling billing, StripeWebhook webhook) {}

  private SubscriptionGrpcService(
      OrganizationClient organizations, Optional<StripeSettings> stripe, Clock clock) {
    this.organizations = organizations;
    this.shop =
        stripe.map(
            settings ->
                new Shop(
                    new StripeBilling(settings),
                    new StripeWebhook(
                        new StripeEvents(settings, clock),
                        settings.maxEventBytes(),
                        organizations,
                        clock)));
    this.clock = clock;
  }

  /**
   * Creates the service, with the interceptor for Stripe's signature.
   *
   * @param stripe empty if no subscriptions are sold
   */
  public static BindableService create(
      OrganizationClient organizations, Optional<StripeSettings> stripe, Clock clock) {
    var service = new SubscriptionGrpcService(organizations, stripe, clock);
    return () -> ServerInterceptors.interceptForward(service, new StripeSignature());
  }

  @Override
  public void getSubscription(GetSubscriptionRequest request, StreamObserver<Subscription> out) {
    answer(out, SubscriptionPresenter.subscription(organization()));
  }

  @Override
  public void createCheckout(CreateCheckoutRequest request, StreamObserver<Checkout> out) {
    var tier = SubscriptionRequests.tier(request);
    var billing = shop().billing();
    var organization = organization();
    if (!organization.subscriptionId().isEmpty()) {
      throw wrongState(
          "create a checkout",
          "the organization has subscription " + organization.subscriptionId(),
          "change it in the portal",
          organization.subscriptionId());
    }
    answer(out, Checkout.newBuilder().setUrl(checkout(billing, organization, tier)).build());
  }

  private String checkout(StripeBilling billing, OrganizationView organization, Tier tier) {
    var id = organization.id();
    var key = NewId.current().value();
    var known =
        organization.customerId().isEmpty()
            ? link(billing, organization, Optional.empty())
            : organization.customerId();
    try {
      return billing.createCheckout(id, known, tier, key);
    } catch (CustomerGone e) {
      var another = link(billing, organization, Optional.of(known));
      try {
        return billing.createCheckout(id, another, tier, key + "-" + another);
      } catch (CustomerGone goneToo) {
        throw new IllegalStateException("Stripe does not know a customer just created", goneToo);
      }
    }
  }

  /** Links the customer before the checkout, so that events of Stripe find the organization. */
  private String link(
      StripeBilling billing, OrganizationView organization, Optional<String> instead) {
    var created = billing.createCustomer(organization, instead);
    var keyId = Caller.current().keyId();
    return organizations
        .send(
            organization.id(),
            replyTo ->
                new OrganizationCommand.LinkCustomer(
                    keyId, created, instead, clock.instant(), replyTo))
        .customerId();
  }

  @Override
  public void createPortal(CreatePortalRequest request, StreamObserver<Portal> out) {
    var billing = shop().billing();
    var customerId = organization().customerId();
    if (customerId.isEmpty()) throw noCustomer("the organization has no subscription", "none");
    try {
      var url = billing.createPortal(customerId, NewId.current().value());
      answer(out, Portal.newBuilder().setUrl(url).build());
    } catch (CustomerGone e) {
      throw noCustomer("Stripe no longer knows the customer", "gone at Stripe");
    }
  }

  @Override
  public void receiveStripeEvent(ReceiveStripeEventRequest request, StreamObserver<Empty> out) {
    shop().webhook().receive(request.getBody().getData(), StripeSignature.current());
    answer(out, Empty.getDefaultInstance());
  }

  private OrganizationView organization() {
    return organizations.send(Caller.current().organizationId(), OrganizationCommand.Get::new);
  }

  private Shop shop() {
    return shop.orElseThrow(
        () ->
            ApiError.of(
                Reason.BILLING_NOT_CONFIGURED,
                cannot(
                    "sell subscriptions",
                    "this installation has no access to Stripe",
                    "ask the operator to set the tier")));
  }

  private static ApiError noCustomer(String cause, String subscription) {
    return wrongState("open the portal", cause, "create a checkout first", subscription);
  }

  private static ApiError wrongState(
      String verb, String cause, String remedy, String subscription) {
    return ApiError.wrongState(cannot(verb, cause, remedy), Map.of("subscription", subscription));
  }
}

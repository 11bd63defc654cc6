package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.excerpt;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationRejection;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.organization.OrganizationClient;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies Stripe's events to organizations. The organization decides whether an event is new. Logs
 * one line for each signed event. Blocks.
 */
record StripeWebhook(
    StripeEvents events, int maxBytes, OrganizationClient organizations, InstantSource clock) {
  /** Characters of an id or type that are logged. */
  private static final int MAX_LOGGED = 64;

  private static final Logger LOG = LoggerFactory.getLogger(StripeWebhook.class);

  /** Applies an event. Returns when its effect is persisted. */
  void receive(ByteString body, Optional<String> signature) {
    if (body.size() > maxBytes) {
      throw ApiError.of(
          Reason.TOO_LARGE, must("body", "be at most " + maxBytes + " bytes", body.size()));
    }
    // Bytes that are not UTF-8 are replaced here, so their signature does not match.
    switch (events.read(body.toStringUtf8(), signature)) {
      case StripeEvent.OfSubscription event -> apply(event);
      case StripeEvent.WithoutEffect event -> log(event, "no effect: " + event.reason());
    }
  }

  private void apply(StripeEvent.OfSubscription event) {
    var reply =
        organizations.reply(
            event.organizationId(),
            replyTo ->
                new OrganizationCommand.ApplySubscription(event.fact(), clock.instant(), replyTo));
    log(event, "organization=" + event.organizationId() + " " + outcome(reply));
  }

  private static String outcome(OrganizationReply reply) {
    return switch (reply) {
      case OrganizationReply.Accepted(var view) -> "tier=" + view.tier().label();
      case OrganizationReply.Refused(OrganizationRejection.NotFound()) ->
          "no effect: the organization does not exist";
      case OrganizationReply.Refused(OrganizationRejection.AnotherCustomer()) ->
          "no effect: the organization has another customer";
      case OrganizationReply.Refused(var why) ->
          throw new IllegalStateException("unexpected rejection: " + why);
      case OrganizationReply.Slots _ -> throw new IllegalStateException("unexpected reply: slots");
    };
  }

  private static void log(StripeEvent event, String outcome) {
    LOG.info(
        "stripe: event={} type={} {}",
        excerpt(event.id(), MAX_LOGGED),
        excerpt(event.type(), MAX_LOGGED),
        outcome);
  }
}

package dev.chowder.server.subscription;

import com.google.protobuf.ByteString;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationRejection;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.server.call.Fields;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.organization.OrganizationClient;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells organizations what Stripe says of their subscriptions. Whether that is news is theirs to
 * decide. Each event that Stripe signed leaves one line in the log. Blocks.
 */
final class StripeWebhook {
  private static final Logger LOG = LoggerFactory.getLogger(StripeWebhook.class);

  private final StripeEvents events;
  private final int maxBytes;
  private final OrganizationClient organizations;
  private final InstantSource clock;

  StripeWebhook(
      StripeEvents events, int maxBytes, OrganizationClient organizations, InstantSource clock) {
    this.events = events;
    this.maxBytes = maxBytes;
    this.organizations = organizations;
    this.clock = clock;
  }

  /** Returns when what the event says is persisted. */
  void receive(ByteString body, Optional<String> signature) {
    if (body.size() > maxBytes) {
      throw ApiError.of(
          Reason.TOO_LARGE, "body: " + body.size() + " bytes (expected: at most " + maxBytes + ")");
    }
    // What is no UTF-8 becomes something else here, which nobody signed.
    switch (events.read(body.toStringUtf8(), signature)) {
      case StripeEvent.Told told -> tell(told);
      case StripeEvent.WithoutEffect event -> log(event, "no effect: " + event.why());
    }
  }

  private void tell(StripeEvent.Told event) {
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
          "no effect: there is no such organization";
      case OrganizationReply.Refused(OrganizationRejection.AnotherCustomer()) ->
          "no effect: the organization is not that customer";
      case OrganizationReply.Refused(var why) -> throw new IllegalStateException("refused: " + why);
      case OrganizationReply.Slots _ -> throw new IllegalStateException("slots");
    };
  }

  private static void log(StripeEvent event, String outcome) {
    LOG.info(
        "stripe: event={} type={} {}",
        Fields.shown(event.id()),
        Fields.shown(event.type()),
        outcome);
  }
}

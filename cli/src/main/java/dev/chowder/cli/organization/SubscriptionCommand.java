package dev.chowder.cli.organization;

import dev.chowder.api.v1.Checkout;
import dev.chowder.api.v1.Portal;
import dev.chowder.api.v1.Subscription;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.output.Fields;
import dev.chowder.client.Call;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code subscription}: the tier of the organization. */
@Command(
    name = "subscription",
    description = "Show the tier of the organization, and buy a higher one")
public final class SubscriptionCommand extends ApiCommand {
  private static final String PATH = "/v1/subscription";

  @Command(description = "Show the tier and how many instances it allows")
  void get(@Mixin OutputFormat format) {
    show(Call.get(PATH), format, Subscription.getDefaultInstance(), this::print);
  }

  private void print(Subscription subscription) {
    var limit =
        subscription.hasInstanceLimit()
            ? Integer.toString(subscription.getInstanceLimit())
            : "unlimited";
    new Fields()
        .add("tier", subscription.getTier())
        .add("instances", "%d of %s".formatted(subscription.getInstanceCount(), limit))
        .add("stripe customer", subscription.getStripeCustomerId())
        .add("stripe subscription", subscription.getStripeSubscriptionId())
        .print(output());
  }

  @Command(description = "Start a checkout and print its URL, for a browser")
  void checkout(
      @Parameters(
              paramLabel = "TIER",
              completionCandidates = Candidates.Tiers.class,
              description = "crab or lobster")
          String tier,
      @Mixin OutputFormat format) {
    var call = Call.post(PATH + "/checkout").json(Json.of("tier", tier).toString());
    show(call, format, Checkout.getDefaultInstance(), checkout -> print(checkout.getUrl()));
  }

  @Command(description = "Print the URL of Stripe's portal, to change or cancel a subscription")
  void portal(@Mixin OutputFormat format) {
    var call = Call.post(PATH + "/portal");
    show(call, format, Portal.getDefaultInstance(), portal -> print(portal.getUrl()));
  }
}

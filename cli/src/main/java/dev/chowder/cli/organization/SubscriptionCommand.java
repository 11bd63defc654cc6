package dev.chowder.cli.organization;

import com.google.gson.JsonObject;
import dev.chowder.api.v1.Checkout;
import dev.chowder.api.v1.Portal;
import dev.chowder.api.v1.Subscription;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Printable;
import dev.chowder.client.Call;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code subscription}: the tier of the organization. */
@Command(
    name = "subscription",
    description = "Show the tier of the organization, and buy a higher one")
public final class SubscriptionCommand {
  private static final String PATH = "/v1/subscription";

  private final Invocation invocation;

  public SubscriptionCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Command(description = "Show the tier and how many instances it allows")
  void get(@Mixin OutputFormat format) {
    var reply = invocation.api().send(Call.get(PATH));
    if (format.print(invocation.output(), reply.json())) return;
    var subscription = reply.as(Subscription.getDefaultInstance());
    var limit =
        subscription.hasInstanceLimit()
            ? Integer.toString(subscription.getInstanceLimit())
            : "unlimited";
    new Fields()
        .add("tier", subscription.getTier())
        .add("instances", "%d of %s".formatted(subscription.getInstanceCount(), limit))
        .add("stripe customer", subscription.getStripeCustomerId())
        .add("stripe subscription", subscription.getStripeSubscriptionId())
        .lines()
        .forEach(invocation.output()::line);
  }

  @Command(description = "Start a checkout and print its URL, for a browser")
  void checkout(
      @Parameters(
              paramLabel = "TIER",
              completionCandidates = Candidates.Tiers.class,
              description = "crab or lobster")
          String tier,
      @Mixin OutputFormat format) {
    var request = new JsonObject();
    request.addProperty("tier", tier);
    var reply = invocation.api().send(Call.post(PATH + "/checkout").json(request.toString()));
    if (format.print(invocation.output(), reply.json())) return;
    url(reply.as(Checkout.getDefaultInstance()).getUrl());
  }

  @Command(description = "Print the URL of Stripe's portal, to change or cancel a subscription")
  void portal(@Mixin OutputFormat format) {
    var reply = invocation.api().send(Call.post(PATH + "/portal"));
    if (format.print(invocation.output(), reply.json())) return;
    url(reply.as(Portal.getDefaultInstance()).getUrl());
  }

  private void url(String url) {
    invocation.output().line(Printable.line(url));
  }
}

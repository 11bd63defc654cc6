package dev.chowder.server.subscription;

import static dev.chowder.server.rules.Checked.checked;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.organization.Tier;
import dev.chowder.server.error.Rejection;
import java.util.List;
import org.junit.jupiter.api.Test;

class SubscriptionRequestsTest {
  @Test
  void twoTiersAreSold() {
    assertThat(SubscriptionRequests.tier(checkout("crab"))).isEqualTo(Tier.CRAB);
    assertThat(SubscriptionRequests.tier(checkout("lobster"))).isEqualTo(Tier.LOBSTER);
  }

  @Test
  void otherTiersAreRejectedWithTheSoldOnes() {
    for (var tier : List.of("shrimp", "whale", "Crab", "", "crab ")) {
      Rejection.of(() -> SubscriptionRequests.tier(checked(checkout(tier))))
          .hasField("tier")
          .shows("crab", "lobster");
    }
  }

  private static CreateCheckoutRequest checkout(String tier) {
    return CreateCheckoutRequest.newBuilder().setTier(tier).build();
  }
}

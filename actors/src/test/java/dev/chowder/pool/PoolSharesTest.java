package dev.chowder.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.pool.PoolDemand.Model;
import dev.chowder.pool.PoolShares.Claimant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PoolSharesTest {
  private static final Model ONE = new Model("first", "custom", "one", "small");
  private static final Model OTHER = new Model("first", "custom", "other", "small");
  private static final Model NEIGHBOR = new Model("second", "custom", "one", "small");

  @Test
  void eachModelGetsItsFirstMemberBeforeAnyGetsASecondOne() {
    var claimants =
        List.of(new Claimant(ONE, 4, 4), new Claimant(NEIGHBOR, 1, 4), new Claimant(OTHER, 2, 4));
    assertThat(PoolShares.divide(claimants, 2)).isEqualTo(Map.of(ONE, 1, NEIGHBOR, 1));
    assertThat(PoolShares.divide(claimants, 4)).isEqualTo(Map.of(ONE, 2, NEIGHBOR, 1, OTHER, 1));
    assertThat(PoolShares.divide(claimants, 100)).isEqualTo(Map.of(ONE, 2, NEIGHBOR, 1, OTHER, 2));
  }

  @Test
  void theModelsOfAnOrganizationShareItsLimit() {
    var claimants = List.of(new Claimant(ONE, 3, 2), new Claimant(OTHER, 3, 2));
    assertThat(PoolShares.divide(claimants, 100)).isEqualTo(Map.of(ONE, 1, OTHER, 1));
    assertThat(PoolShares.divide(List.of(new Claimant(ONE, 3, 0)), 100)).isEmpty();
  }

  @Test
  void withoutMemoryNoModelGetsAMember() {
    assertThat(PoolShares.divide(List.of(new Claimant(ONE, 1, 1)), 0)).isEmpty();
    assertThat(PoolShares.divide(List.of(), 5)).isEmpty();
  }
}

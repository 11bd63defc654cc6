package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private final Turns turns = new Turns();

  private List<String> order(String... items) {
    return turns.order(List.of(items), item -> item.substring(0, 1));
  }

  @Test
  void groupsTakeTurnsInTheOrderOfTheirFirstItems() {
    assertThat(order("a1", "a2", "a3", "b1", "c1", "b2"))
        .containsExactly("a1", "b1", "c1", "a2", "b2", "a3");
  }

  @Test
  void aGroupThatHadATurnComesAfterTheOthersInTheNextList() {
    turns.took("a");
    assertThat(order("a2", "a3", "b1", "c1")).containsExactly("b1", "c1", "a2", "a3");
    turns.took("b");
    turns.took("c");
    assertThat(order("b2", "a2", "c2")).containsExactly("a2", "b2", "c2");
  }

  @Test
  void aGroupWithoutItemsIsForgotten() {
    turns.took("a");
    assertThat(order("b1")).containsExactly("b1");
    assertThat(order("a2", "b1")).containsExactly("a2", "b1");
  }
}

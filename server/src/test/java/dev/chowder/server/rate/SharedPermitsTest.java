package dev.chowder.server.rate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.rate.SharedPermits.Permit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedPermitsTest {
  private static final int MAX = 100;

  private final SharedPermits permits = new SharedPermits("open files", MAX);

  /** Takes permits until the organization gets no more. */
  private List<Permit> takeAll(String organization) {
    var taken = new ArrayList<Permit>();
    try {
      while (true) taken.add(permits.acquire(organization));
    } catch (ApiError full) {
      return taken;
    }
  }

  @Test
  void oneOrganizationGetsThreeQuarters() {
    assertThat(takeAll("one")).hasSize(75);
  }

  @Test
  void anOrganizationThatComesLaterGetsPermitsWhateverTheOthersHold() {
    takeAll("greedy");
    assertThat(takeAll("late")).hasSize(19);
    assertThat(takeAll("later")).hasSize(5);
    assertThat(takeAll("latest")).hasSize(1);
  }

  @Test
  void aFifthOrganizationGetsAReleasedPermitBeforeOrganizationsWithMany() {
    var greedy = takeAll("greedy");
    takeAll("late");
    takeAll("later");
    takeAll("latest");
    assertThat(takeAll("fifth")).isEmpty();
    greedy.getFirst().close();
    for (var many : List.of("greedy", "late", "later")) {
      assertThat(takeAll(many)).as(many).isEmpty();
    }
    assertThat(takeAll("fifth")).hasSize(1);
  }

  @Test
  void twoOrganizationsApproachThreeSeventhsEachAsPermitsAreReleased() {
    var first = new ArrayDeque<>(takeAll("first"));
    var second = new ArrayDeque<>(takeAll("second"));
    for (int call = 0; call < MAX; call++) {
      first.remove().close();
      second.remove().close();
      first.addAll(takeAll("first"));
      second.addAll(takeAll("second"));
    }
    assertThat(first).hasSizeBetween(42, 45);
    assertThat(second).hasSizeBetween(42, 45);
  }

  @Test
  void closingAPermitTwiceReleasesItOnce() {
    var held = takeAll("one");
    var first = held.getFirst();
    first.close();
    first.close();
    assertThat(takeAll("one")).hasSize(1);
    held.forEach(Permit::close);
    assertThat(takeAll("two")).hasSize(75);
  }

  @Test
  void aSmallNumberOfPermitsCanBeUsedCompletely() {
    var two = new SharedPermits("open files", 2);
    two.acquire("one");
    two.acquire("one");
    Rejection.of(() -> two.acquire("one")).hasReason(Reason.RATE_LIMITED).shows("open files", 2);
  }
}

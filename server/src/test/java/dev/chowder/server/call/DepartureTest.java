package dev.chowder.server.call;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DepartureTest {
  private final Departure departure = new Departure();
  private final AtomicInteger ended = new AtomicInteger();

  @Test
  void openCallsEndWhenTheNodeDeparts() {
    var _ = departure.onDeparture(ended::incrementAndGet);
    var _ = departure.onDeparture(ended::incrementAndGet);
    assertThat(ended).hasValue(0);
    departure.depart();
    assertThat(ended).hasValue(2);
  }

  @Test
  void aCallThatComesLaterEndsAtOnce() {
    departure.depart();
    departure.onDeparture(ended::incrementAndGet).close();
    assertThat(ended).hasValue(1);
  }

  @Test
  void aCallThatIsOverIsNotEndedAgain() {
    departure.onDeparture(ended::incrementAndGet).close();
    departure.depart();
    assertThat(ended).hasValue(0);
  }
}

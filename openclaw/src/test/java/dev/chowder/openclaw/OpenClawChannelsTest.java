package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.openclaw.OpenClawChannels.Pairing;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OpenClawChannelsTest {
  private static final String AT = "2026-11-25T20:00:00.123Z";
  private static final Pairing ADA = pairing("r1", "4711", AT);
  private static final Pairing EVE = pairing("r2", "4712", AT);
  private static final Pairing ADA_LATER = pairing("r3", "4711", "2026-11-25T21:00:00.000Z");

  private static final String PRINTED =
      """
      [
        {"code": "EEEE2222", "createdAt": "2026-11-25T20:00:00.123Z", "sender": "4712"},
        {"code": "AAAA2222", "createdAt": "2026-11-25T20:00:00.123Z", "sender": "4711"}
      ]
      """;

  @Test
  void aCodeFindsThePairingThatItWasSentFor() {
    var waiting = List.of(ADA_LATER, EVE, ADA);
    assertThat(OpenClawChannels.withCode(PRINTED, "aaaa2222", waiting)).contains(ADA);
    assertThat(OpenClawChannels.withCode(PRINTED, "EEEE2222", waiting)).contains(EVE);
    assertThat(OpenClawChannels.withCode(PRINTED, "ZZZZ2222", waiting)).isEmpty();
    assertThat(OpenClawChannels.withCode(PRINTED, "AAAA2222", List.of(EVE))).isEmpty();
  }

  @Test
  void invalidOutputHasNoCodes() {
    for (var printed : List.of("", "no JSON", "{}", "[]", "[1]", "1")) {
      assertThat(OpenClawChannels.withCode(printed, "AAAA2222", List.of(ADA))).isEmpty();
    }
  }

  private static Pairing pairing(String id, String sender, String at) {
    return new Pairing(
        id, "default", sender, Map.of(), Optional.of(Instant.parse(at)), Optional.empty());
  }
}

package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.base.FairSemaphore;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests how many permits one organization can hold while others have none. */
class EffectPermitsTest {
  @Test
  void bootsThatHangLeaveOnePermitToOtherOrganizations() throws InterruptedException {
    var boots = permits(Map.of("max-concurrent-boots", 4)).boots();
    assertThat(taken(boots, "hanging")).isEqualTo(3);
    assertThat(taken(boots, "quiet")).isEqualTo(1);
    boots.release("quiet");
    assertThat(taken(boots, "hanging")).isZero();
    assertThat(taken(boots, "other")).isEqualTo(1);
  }

  @Test
  void byDefaultOneOrganizationHasTwoBootsForEachProcessor() throws InterruptedException {
    var boots = permits(Map.of()).boots();
    assertThat(taken(boots, "alone")).isEqualTo(2 * Runtime.getRuntime().availableProcessors());
    assertThat(taken(boots, "quiet")).isEqualTo(1);
  }

  @Test
  void oneOrganizationLeavesAQuarterOfTheOtherEffects() throws InterruptedException {
    var general = permits(Map.of("max-concurrent", 32)).general();
    assertThat(taken(general, "flood")).isEqualTo(24);
    for (int n = 0; n < 8; n++) assertThat(taken(general, "quiet " + n)).isEqualTo(1);
    assertThat(taken(general, "late")).isZero();
  }

  @Test
  void theOnlyPermitIsForEveryOrganization() throws InterruptedException {
    var permits = permits(Map.of("max-concurrent-boots", 1, "max-concurrent", 1));
    assertThat(taken(permits.boots(), "alone")).isEqualTo(1);
    assertThat(taken(permits.general(), "alone")).isEqualTo(1);
  }

  /** Takes all permits that the organization gets at once, and returns their number. */
  private static int taken(FairSemaphore permits, String organization) throws InterruptedException {
    int taken = 0;
    while (permits.tryAcquire(organization, Duration.ZERO)) taken++;
    return taken;
  }

  private static EffectPermits permits(Map<String, Integer> settings) {
    var config =
        ConfigFactory.parseMap(settings)
            .atPath("chowder.effect")
            .withFallback(ConfigFactory.load());
    var effects = SettingsBinder.bind(config, EffectSettings.class);
    return new EffectPermits(effects, new BootPermits(effects));
  }
}

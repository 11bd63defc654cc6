package dev.chowder.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MembershipSettingsTest {
  @Test
  void theDefaultsGiveAMemberTheTimeToReconnect() {
    var settings = settings(Map.of("management-port", 19093));
    assertThat(settings.formationWait()).isEqualTo(Duration.ofSeconds(60));
    assertThat(settings.limits().dead()).isLessThan(settings.formationWait());
    assertThat(settings.file()).isEqualTo(Path.of("/home/of/chowder/members/19093"));
  }

  @Test
  void aWaitThatIsTooShortForAMemberThatReconnectsIsRefused() {
    assertThatThrownBy(() -> settings(Map.of("formation-wait", "29s")))
        .hasMessage(
            "chowder.cluster.formation-wait: must be at least twice lock-check and lock-timeout"
                + " together, the time that a member needs to reconnect (30 s); got 29 s");
  }

  @Test
  void timeoutsThatPostgresCannotKeepAreRefused() {
    assertThatThrownBy(() -> settings(Map.of("lock-timeout", "500ms")))
        .hasMessage("chowder.cluster.lock-timeout: must be at least 1 s; got 500 ms");
    assertThatThrownBy(() -> settings(Map.of("lock-dead-after", "4s")))
        .hasMessage("chowder.cluster.lock-dead-after: must be at least 5 s; got 4000 ms");
  }

  private static MembershipSettings settings(Map<String, Object> values) {
    return MembershipSettings.of(
        ConfigFactory.parseMap(Map.of("chowder.home", "/home/of/chowder"))
            .withFallback(ConfigFactory.parseMap(values).atPath("chowder.cluster"))
            .withFallback(ConfigFactory.load()));
  }
}

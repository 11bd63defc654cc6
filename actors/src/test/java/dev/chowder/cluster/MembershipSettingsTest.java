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
  void theDefaultsGiveAMemberEnoughTimeToReconnect() {
    var settings = settings(Map.of("management-port", 19093));
    assertThat(settings.formationWait()).isEqualTo(Duration.ofSeconds(60));
    assertThat(settings.limits().dead()).isLessThan(settings.formationWait());
    assertThat(settings.file()).isEqualTo(Path.of("/home/of/chowder/members/19093"));
  }

  @Test
  void aFormationWaitTooShortForAReconnectIsRejected() {
    assertThatThrownBy(() -> settings(Map.of("formation-timeout", "29s")))
        .hasMessageStartingWith("chowder.cluster.formation-timeout: ")
        .hasMessageContaining("30 s")
        .hasMessageEndingWith("got 29 s");
  }

  @Test
  void timeoutsThatPostgresqlDoesNotSupportAreRejected() {
    assertThatThrownBy(() -> settings(Map.of("lock-timeout", "500ms")))
        .hasMessageStartingWith("chowder.cluster.lock-timeout: ");
    assertThatThrownBy(() -> settings(Map.of("lock-release-timeout", "4s")))
        .hasMessageStartingWith("chowder.cluster.lock-release-timeout: ");
  }

  private static MembershipSettings settings(Map<String, Object> values) {
    return MembershipSettings.of(
        ConfigFactory.parseMap(Map.of("chowder.home", "/home/of/chowder"))
            .withFallback(ConfigFactory.parseMap(values).atPath("chowder.cluster"))
            .withFallback(ConfigFactory.load()));
  }
}

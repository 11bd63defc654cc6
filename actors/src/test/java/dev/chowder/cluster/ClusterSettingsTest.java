package dev.chowder.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.ClusterSettings.ContactPoint;
import dev.chowder.cluster.ClusterSettings.Discovery;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterSettingsTest {
  private static final String THREE = "10.0.0.1:9093, 10.0.0.2:9093,node-3:9193";

  @Test
  void aNodeIsAloneByDefault() {
    assertThat(settings(Map.of()).discovery()).isEqualTo(new Discovery.Alone());
  }

  @Test
  void allListedNodesMustRespondBeforeAClusterIsFormed() {
    var settings = settings(Map.of("contact-points", THREE));
    assertThat(settings.discovery())
        .isEqualTo(
            new Discovery.ContactPoints(
                List.of(
                    new ContactPoint("10.0.0.1", 9093),
                    new ContactPoint("10.0.0.2", 9093),
                    new ContactPoint("node-3", 9193))));
    assertThat(settings.requiredContactPoints()).isEqualTo(3);
    assertThat(
            settings(Map.of("contact-points", THREE, "required-contact-points", 2))
                .requiredContactPoints())
        .isEqualTo(2);
  }

  @Test
  void theConfigurationOfPekkoContainsTheContactPoints() {
    var settings = settings(Map.of("contact-points", THREE, "host", "127.0.0.1"));
    var pekko = settings.pekko(ConfigFactory.load());
    assertThat(pekko.getConfigList("pekko.discovery.config.services.chowder.endpoints")).hasSize(3);
    assertThat(pekko.getString("pekko.management.http.bind-hostname")).isEqualTo("127.0.0.1");
  }

  @Test
  void aDnsNameNeedsANumberOfNodes() {
    assertThatThrownBy(() -> settings(Map.of("dns-name", "chowder.internal")))
        .hasMessageStartingWith("chowder.cluster.required-contact-points: ");
    assertThat(
            settings(Map.of("dns-name", "chowder.internal", "required-contact-points", 3))
                .discovery())
        .isEqualTo(new Discovery.DnsName("chowder.internal"));
  }

  @Test
  void contactPointsAndADnsNameTogetherAreRejected() {
    assertThatThrownBy(() -> settings(Map.of("dns-name", "a", "contact-points", THREE)))
        .hasMessageStartingWith("chowder.cluster: ");
  }

  @Test
  void aContactPointIsAHostAndAPort() {
    for (var bad : List.of("10.0.0.1", ":9093", "10.0.0.1:", "10.0.0.1:0", "a:9093,,b:9093")) {
      assertThatThrownBy(() -> settings(Map.of("contact-points", bad)))
          .as(bad)
          .hasMessageStartingWith("chowder.cluster.contact-points: ");
    }
  }

  @Test
  void aWildcardAddressIsRejectedInACluster() {
    for (var wildcard : List.of("0.0.0.0", "::")) {
      assertThatThrownBy(() -> settings(Map.of("contact-points", THREE, "host", wildcard)))
          .hasMessageStartingWith("chowder.cluster.host: ")
          .hasMessageContaining(wildcard);
    }
  }

  @Test
  void nodesOnSeveralMachinesNeedTls() {
    var listed = Map.<String, Object>of("contact-points", "10.0.0.1:9093,node-2:9093");
    var named = Map.<String, Object>of("dns-name", "a", "required-contact-points", 3);
    for (var values : List.of(listed, named)) {
      assertThatThrownBy(() -> settings(at("192.0.2.1", values)))
          .hasMessageStartingWith("chowder.cluster: nodes on several machines must use TLS")
          .hasMessageContaining("CHOWDER_CLUSTER_PLAINTEXT=true");
      var permitted = new HashMap<>(at("192.0.2.1", values));
      permitted.put("plaintext", true);
      assertThat(settings(permitted).tls()).isEmpty();
    }
  }

  @Test
  void nodesOfOneMachineNeedNoTls() {
    assertThat(settings(at("192.0.2.1", Map.of())).tls()).isEmpty();
    // Linux has all addresses of 127.0.0.0/8, of which only the first belongs to an interface.
    for (var here : List.of("127.0.0.1", "127.0.0.2", "localhost")) {
      assertThat(settings(at(here, Map.of("contact-points", here + ":9093,127.0.0.3:9093"))).tls())
          .isEmpty();
    }
    var points = Map.<String, Object>of("contact-points", "127.0.0.1:9093,localhost:9103");
    assertThat(settings(at("192.0.2.1", points)).tls()).isEmpty();
  }

  private static Map<String, Object> at(String host, Map<String, Object> values) {
    var all = new HashMap<>(values);
    all.put("host", host);
    return all;
  }

  private static ClusterSettings settings(Map<String, Object> values) {
    return ClusterSettings.of(config(values));
  }

  private static Config config(Map<String, Object> values) {
    return ConfigFactory.parseMap(values)
        .atPath("chowder.cluster")
        .withFallback(ConfigFactory.load());
  }
}

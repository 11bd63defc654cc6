package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.ClusterSettings;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ListeningPortsTest {
  @Test
  void thePortsAreThoseInTheSettings() {
    assertThat(of(Map.of(), "jdbc:h2:async:/tmp/x;WRITE_DELAY=0", "unix:///var/run/docker.sock"))
        .containsExactlyInAnyOrder(8080, 9090, 9091, 9093, 9095);
    assertThat(
            of(
                Map.of(
                    "chowder.grpc.port", 0,
                    "chowder.gateway.port", 443,
                    "chowder.cluster.contact-points", "127.0.0.1:9093,127.0.0.1:9103"),
                "jdbc:postgresql://db:6543,127.0.0.1:6544/chowder?sslmode=verify-full",
                "tcp://127.0.0.1:2375"))
        .containsExactlyInAnyOrder(443, 9091, 9093, 9095, 9103, 6543, 6544, 2375);
  }

  private static Set<Integer> of(Map<String, Object> settings, String storage, String docker) {
    // Overrides the environment of the tests.
    var defaults =
        ConfigFactory.parseMap(
            Map.of(
                "chowder.grpc.port", 9090,
                "chowder.operator.port", 9091,
                "chowder.monitoring.port", 9095,
                "chowder.gateway.port", 8080,
                "chowder.cluster.management-port", 9093));
    var config =
        ConfigFactory.parseMap(settings).withFallback(defaults).withFallback(ConfigFactory.load());
    return ListeningPorts.of(
        ServerSettings.of(config), ClusterSettings.of(config), storage, docker);
  }
}

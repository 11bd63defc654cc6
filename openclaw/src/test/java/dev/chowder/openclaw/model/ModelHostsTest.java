package dev.chowder.openclaw.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.HostNetworks.Network;
import java.net.InetAddress;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelHostsTest {
  private static final Set<Network> CONNECTED =
      Set.of(Network.parse("192.88.98.7/24"), Network.parse("2606:4700:1::7/64"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "168.63.129.16",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "2001:db8::1",
        "192.88.98.200",
        "2606:4700:1::1",
        "ff02::1",
        "fec0::1"
      })
  void addressesOfTheHostsNetworksAndReservedOnesArePrivate(String address) {
    assertThat(ModelHosts.isPrivate(InetAddress.ofLiteral(address), CONNECTED)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"168.63.129.17", "192.88.99.1", "203.0.112.1", "2606:4700:1:1::1", "2001:db9::1"})
  void addressesBesideThemArePublic(String address) {
    assertThat(ModelHosts.isPrivate(InetAddress.ofLiteral(address), CONNECTED)).isFalse();
  }

  @Test
  void aHostThatTheOperatorAllowsMayBeInANetworkOfTheHost() {
    var allowed = new ModelHosts(Set.of("models.example"));
    assertThat(allowed.mayLeadTo("models.example", 443, InetAddress.ofLiteral("192.0.2.1")))
        .isTrue();
    assertThat(allowed.mayLeadTo("other.example", 443, InetAddress.ofLiteral("192.0.2.1")))
        .isFalse();
  }
}

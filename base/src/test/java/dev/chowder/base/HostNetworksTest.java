package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.HostNetworks.Network;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class HostNetworksTest {
  @Test
  void theNetworkOfThisMachinesLoopbackIsConnected() {
    assertThat(HostNetworks.connected())
        .anyMatch(network -> network.contains(InetAddress.getLoopbackAddress()));
  }

  @Test
  void aNetworkContainsExactlyTheAddressesWithItsPrefix() {
    var network = Network.parse("198.18.213.77/30");
    assertThat(network)
        .hasToString("198.18.213.76/30")
        .isEqualTo(Network.parse("198.18.213.76/30"));
    assertThat(network.contains(InetAddress.ofLiteral("198.18.213.79"))).isTrue();
    assertThat(network.contains(InetAddress.ofLiteral("198.18.213.80"))).isFalse();
    assertThat(network.contains(InetAddress.ofLiteral("2606:4700::1"))).isFalse();
    assertThat(Network.parse("2606:4700::/32").contains(InetAddress.ofLiteral("2606:4700::1")))
        .isTrue();
  }

  @Test
  void aNetworkContainsSmallerOnes() {
    assertThat(Network.parse("10.0.0.0/8").contains(Network.parse("10.87.0.0/16"))).isTrue();
    assertThat(Network.parse("10.87.0.0/16").contains(Network.parse("10.0.0.0/8"))).isFalse();
    assertThat(Network.parse("10.0.0.0/8").contains(Network.parse("::/8"))).isFalse();
  }
}

package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.HostNetworks.Network;
import dev.chowder.sandbox.docker.FirewallRules.Destination;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FirewallRulesTest {
  private static final DockerNetwork.Bridge BRIDGE =
      new DockerNetwork.Bridge("chowder-a", "chwa", "10.87.0.1", "10.87.0.0/16");

  @Test
  void namesFitTheKernelsLimitAndDifferForEachInstallation() {
    assertThat(DockerNetwork.interfaceName("1f2e3d4c")).isEqualTo("chw1f2e3d4c");
    String longId = "0190f3c2-7b1e-7c3a-9a64-2f1d5e7b9c10";
    assertThat(DockerNetwork.interfaceName(longId)).matches("chw[0-9a-f]{8}");
    assertThat(DockerNetwork.interfaceName("123456789012")).hasSizeLessThan(16);
    assertThat(FirewallRules.inputChain("123456789012")).hasSizeLessThan(29);
    assertThat(DockerNetwork.interfaceName("a")).isNotEqualTo(DockerNetwork.interfaceName("b"));
  }

  @Test
  void openDestinationsPrecedeBlockedOnes() {
    String rules =
        FirewallRules.ipv4(
            "a",
            BRIDGE,
            Set.of(11434),
            List.of("10.0.0.53"),
            List.of(Destination.parse("192.168.1.50:8000"), Destination.parse("10.9.0.0/16")),
            Set.of(Network.parse("192.88.98.1/24"), Network.parse("172.17.0.1/16")),
            1000);
    assertThat(rules)
        .containsSubsequence(
            "-A CHOWDER-a ! -i chwa -o chwa -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY"
                + " -j RETURN\n",
            "-A CHOWDER-a -o chwa -j DROP\n",
            "-A CHOWDER-a -m conntrack --ctstate NEW -m connlimit --connlimit-above 1000"
                + " --connlimit-mask 32 --connlimit-saddr -j REJECT\n",
            "-A CHOWDER-a -i chwa -d 10.0.0.53 -p udp --dport 53 -j RETURN\n",
            "-A CHOWDER-a -i chwa -d 192.168.1.50 -p tcp --dport 8000 -j RETURN\n",
            "-A CHOWDER-a -i chwa -d 10.9.0.0/16 -j RETURN\n",
            "-A CHOWDER-a -i chwa -d 10.0.0.0/8 -j REJECT\n",
            "-A CHOWDER-a -i chwa -d 168.63.129.16/32 -j REJECT\n",
            "-A CHOWDER-a -i chwa -d 169.254.0.0/16 -j REJECT\n",
            "-A CHOWDER-a -i chwa -d 203.0.113.0/24 -j REJECT\n",
            "-A CHOWDER-a -i chwa -d 192.88.98.0/24 -j REJECT\n",
            "-A CHOWDER-a-IN -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT\n",
            "-A CHOWDER-a-IN -m conntrack --ctstate NEW -m connlimit --connlimit-above 1000"
                + " --connlimit-mask 32 --connlimit-saddr -j REJECT\n",
            "-A CHOWDER-a-IN -d 10.87.0.1 -p tcp --dport 11434 -j ACCEPT\n",
            "-A CHOWDER-a-IN -j REJECT\n",
            "COMMIT\n")
        .doesNotContain("172.17.0.0");
  }

  @Test
  void onlyAddressesAreValidDestinations() {
    for (String text :
        List.of("", "host", "10.0.0.1;x", "10.0.0.0/8 -j ACCEPT", "1.2.3.4:99999", "::1")) {
      assertThatThrownBy(() -> Destination.parse(text))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void loopbackAndIpv6NameServersAreIgnored() {
    assertThat(
            NameServers.parse(
                List.of(
                    "# nameserver 9.9.9.9",
                    "nameserver 127.0.0.53",
                    "nameserver  10.0.0.53 ",
                    "nameserver fd00::1",
                    "search example.org")))
        .containsExactly("10.0.0.53");
  }
}

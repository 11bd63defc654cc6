package dev.chowder.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DockerBridgeTest {
  @ParameterizedTest
  @CsvSource({"172.17.0.1, 172.17.0.1", "172.17.0.0/16, 172.17.0.1", "10.9.8.128/25, 10.9.8.129"})
  void theHostHasTheAddressOfTheGatewayOrTheFirstOfTheSubnet(String found, String host)
      throws Exception {
    assertThat(DockerBridge.host(found)).isEqualTo(host);
  }
}

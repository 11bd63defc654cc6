package dev.chowder.operate.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.base.HostNetworks.Network;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClosedModelsTest {
  private static final Set<Network> CONNECTED = Set.of(Network.parse("192.88.98.0/24"));

  @Test
  void aModelInANetworkOfThisHostIsNamedWithTheSettingsThatOpenIt() {
    assertThat(warnings(List.of(), "http://192.88.98.7:8000/v1", "https://192.88.99.7/v1"))
        .singleElement()
        .asString()
        .contains(
            "http://192.88.98.7:8000/v1",
            "192.88.98.7:8000 to CHOWDER_SANDBOX_MAY_REACH",
            "192.88.98.7 to CHOWDER_PRIVATE_MODEL_HOSTS");
  }

  @Test
  void aModelThatTheOperatorOpenedIsNotNamed() {
    var model = "https://192.88.98.7/v1";
    assertThat(warnings(List.of("192.88.98.7:443"), model)).isEmpty();
    assertThat(warnings(List.of("192.88.98.0/25"), model)).isEmpty();
    assertThat(warnings(List.of("192.88.98.7:80", "192.88.98.8"), model)).hasSize(1);
  }

  @Test
  void privateAndReservedAddressesAreNamedAndLocalhostIsNot() {
    assertThat(
            warnings(
                List.of(),
                "http://10.0.0.1",
                "http://168.63.129.16",
                "http://localhost:11434/v1",
                "no-url"))
        .hasSize(2);
  }

  @Test
  void openedDestinationsAreReadFromTheSettings() {
    var config =
        ConfigFactory.parseString(
            "chowder.sandbox.docker.may-reach = \"10.0.0.1:80, 10.1.0.0/16\"");
    assertThat(ClosedModels.of(config).opened()).containsExactly("10.0.0.1:80", "10.1.0.0/16");
    assertThat(
            ClosedModels.of(ConfigFactory.parseString("chowder.sandbox.docker.may-reach = \"\""))
                .opened())
        .isEmpty();
  }

  private static List<String> warnings(List<String> opened, String... urls) {
    return new ClosedModels(CONNECTED, opened).warnings(List.of(urls));
  }
}

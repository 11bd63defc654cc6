package dev.chowder.demomodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoModelSettingsTest {

  @Test
  void theDefaultAddressIsLoopback() throws Exception {
    DemoModelSettings settings = DemoModelSettings.parse(List.of(), Map.of());

    assertThat(settings)
        .isEqualTo(
            new DemoModelSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 9092),
                Optional.empty(),
                Duration.ofMillis(500),
                8 * 1024 * 1024,
                512));
    assertThat(settings.bind().getAddress().isLoopbackAddress()).isTrue();
  }

  @Test
  void anArgumentOverridesAVariableAndTheKeyIsReadFromAFile(@TempDir Path folder) throws Exception {
    Path keyFile = Files.writeString(folder.resolve("key"), "secret\n");
    DemoModelSettings settings =
        DemoModelSettings.parse(
            List.of("--port", "1234", "--key-file", keyFile.toString()),
            Map.of("CHOWDER_DEMO_MODEL_PORT", "1", "CHOWDER_DEMO_MODEL_CHUNK_DELAY_MS", "5"));

    assertThat(settings.bind().getPort()).isEqualTo(1234);
    assertThat(settings.chunkDelay()).hasMillis(5);
    assertThat(settings.requiredKey()).hasValue("secret");
  }

  @Test
  void anInvalidOptionIsRejectedWithItsName() {
    assertThatThrownBy(() -> DemoModelSettings.parse(List.of("--port", "65536"), Map.of()))
        .hasMessageStartingWith("--port: ");
    assertThatThrownBy(() -> DemoModelSettings.parse(List.of("--port"), Map.of()))
        .hasMessageStartingWith("--port: ");
    assertThatThrownBy(() -> DemoModelSettings.parse(List.of("--prot", "1"), Map.of()))
        .hasMessageContainingAll("--bind, --port", "--prot");
  }
}

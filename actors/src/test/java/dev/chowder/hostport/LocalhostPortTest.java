package dev.chowder.hostport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LocalhostPortTest {

  @Test
  void aUrlOfThisMachineNamesItsPortOrTheDefaultPort() {
    assertThat(LocalhostPort.of("http://localhost:11434/v1")).hasValue(11434);
    assertThat(LocalhostPort.of("http://127.0.0.1/v1")).hasValue(80);
    assertThat(LocalhostPort.of("https://[::1]/v1")).hasValue(443);
    assertThat(LocalhostPort.of("HTTP://LocalHost.:8000/v1")).hasValue(8000);
  }

  @Test
  void anyOtherUrlNamesNoPort() {
    assertThat(LocalhostPort.of("")).isEmpty();
    assertThat(LocalhostPort.of("https://models.example:8443/v1")).isEmpty();
    assertThat(LocalhostPort.of("http://localhost.example/v1")).isEmpty();
    assertThat(LocalhostPort.of("/v1")).isEmpty();
  }
}

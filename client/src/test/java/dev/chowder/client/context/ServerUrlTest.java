package dev.chowder.client.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.client.failure.ClientException;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerUrlTest {
  @ParameterizedTest
  @ValueSource(strings = {"https://a.example.com", "http://localhost:8080", "http://[::1]:80/"})
  void serversAreAccepted(String url) {
    assertThat(ServerUrl.parse(url, "test")).isEqualTo(URI.create(url));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost:8080",
        "ftp://a",
        "https://",
        "https:a",
        "https://a/v1",
        "https://a?x",
        "https://a#x",
        "https://user:" + "password@a",
        "https://a b",
        "https://a\nb"
      })
  void othersAreRejected(String url) {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> ServerUrl.parse(url, "test"))
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("password"));
  }

  @ParameterizedTest
  @CsvSource({
    "https://a.example.com,false",
    "http://a.example.com,true",
    "http://localhost:8080,false",
    "http://[::1]:80,false"
  })
  void onlyPlainTextToOtherMachinesIsExposed(URI url, boolean isExposed) {
    assertThat(ServerUrl.isExposed(url)).isEqualTo(isExposed);
  }

  @Test
  void aKeyIsMasked() {
    assertThat(Key.of("secret", "test")).hasToString("***");
  }
}

package dev.chowder.cli.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ApiErrorTest {
  @Test
  void aMissingProviderCanBeConfigured() {
    var body =
        """
        {"message":"no provider","details":[{"reason":"MODEL_PROVIDER_NOT_CONFIGURED"}]}
        """;
    assertThat(ApiError.of(400, HttpHeaders.of(Map.of(), (_, _) -> true), body).sentence())
        .startsWith("no provider; ")
        .contains("\"chowder org set-provider\"", "--provider");
  }
}

package dev.chowder.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentRequestTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"model\":\"gpt-4o\",\"input\":\"x\"}|{\"model\":\"openclaw/main\",\"input\":\"x\"}|gpt-4o",
        "{ \"input\" : \"é\" , \"model\" : \"a/b\" }|{ \"input\" : \"é\" , \"model\" : \"openclaw/main\" }|a/b",
        "{\"input\":{\"model\":\"deep\"}}|{\"model\":\"openclaw/main\",\"input\":{\"model\":\"deep\"}}|-",
        "{}|{\"model\":\"openclaw/main\"}|-",
        "{\"model\":null}|{\"model\":\"openclaw/main\"}|-",
        "{\"model\":\"a\",\"model\":\"b\"}|{\"model\":\"openclaw/main\",\"model\":\"openclaw/main\"}|b",
        "{\"model\":\"openclaw/main\"}|{\"model\":\"openclaw/main\"}|-",
        "{\"n\":1.0e2,\"big\":123456789012345678901234567890}|{\"model\":\"openclaw/main\",\"n\":1.0e2,\"big\":123456789012345678901234567890}|-",
        "{\"\\u006dodel\":\"x\"}|{\"\\u006dodel\":\"openclaw/main\"}|x",
      })
  void onlyTheModelChanges(String before, String after, String model) {
    var request = AgentRequest.of(ByteString.copyFromUtf8(before));
    assertThat(request.body().toStringUtf8()).isEqualTo(after);
    assertThat(request.model().orElse("-")).isEqualTo(model);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "5",
        "null",
        "{",
        "{\"model\":5}",
        "{\"model\":\"\"}",
        "{\"model\":\"a b\"}",
        "{\"model\":\"a\\r\\nx-evil: 1\"}",
        "{}{}",
        "{\"a\":}",
        "\u0000",
        "{'a':1}"
      })
  void invalidMessagesAreRejected(String body) {
    assertRejected(ByteString.copyFromUtf8(body));
  }

  @Test
  void aMessageThatIsNotUtf8IsRejected() {
    assertRejected(
        ByteString.copyFrom(new byte[] {'{', '"', 'a', '"', ':', '"', (byte) 0xff, '"', '}'}));
  }

  @Test
  void aDeeplyNestedMessageIsRejected() {
    assertRejected(ByteString.copyFromUtf8("{\"a\":" + "[".repeat(100_000)));
  }

  private static void assertRejected(ByteString body) {
    var error = catchThrowableOfType(ApiError.class, () -> AgentRequest.of(body));
    assertThat(error).isNotNull();
    assertThat(error.reason()).isEqualTo(Reason.INVALID_FIELD);
  }
}

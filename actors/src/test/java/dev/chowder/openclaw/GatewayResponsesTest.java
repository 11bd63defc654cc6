package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewayResponses.Incoming;
import dev.chowder.openclaw.GatewayResponses.RejectedException;
import dev.chowder.openclaw.OpenClawSettings.ResponseLimit;
import dev.chowder.openclaw.OpenClawSettings.Responses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Limits of a gateway's responses, and of the memory that a node holds for them. */
class GatewayResponsesTest {
  private static final int FREE = 10_000;
  private static final int HELD = 100_000;

  private final GatewayResponses responses =
      new GatewayResponses(
          new Responses(
              Map.of("large", new ResponseLimit(50_000, 10_000)),
              new ResponseLimit(1000, 50),
              8,
              FREE,
              HELD));

  @Test
  void whatIsWithinItsLimitsIsParsed() throws IOException {
    try (var incoming = responses.begin("small")) {
      append(incoming, "{\"a\": [1, {\"ö\":");
      append(incoming, "\"x\"}]}");
      assertThat(incoming.parse().at("/a/1/ö").asText()).isEqualTo("x");
    }
  }

  @Test
  void eachMethodHasItsOwnLimit() throws IOException {
    var text = "\"" + "x".repeat(2000) + "\"";
    try (var small = responses.begin("small");
        var large = responses.begin("large")) {
      append(large, text);
      assertThat(large.parse().asText()).hasSize(2000);
      var why = catchThrowableOfType(RejectedException.class, () -> append(small, text));
      assertThat(why.why()).isEqualTo(new NoAnswer("an answer of more than 1000 bytes"));
    }
  }

  @Test
  void tokensAndLevelsAreLimited() throws IOException {
    for (String text :
        new String[] {
          "[" + "{},".repeat(100) + "{}]",
          "[".repeat(9) + "]".repeat(9),
          "[0" + ",0".repeat(60) + "]"
        }) {
      try (var incoming = responses.begin("small")) {
        append(incoming, text);
        var why = catchThrowableOfType(RejectedException.class, incoming::parse);
        assertThat(why.why())
            .isEqualTo(new NoAnswer("an answer of more than 50 tokens, or more than 8 levels"));
      }
    }
  }

  @Test
  void whatIsNoJsonIsNotRejectedForItsSize() throws IOException {
    try (var incoming = responses.begin("small")) {
      append(incoming, "<html>");
      assertThatThrownBy(incoming::parse).isInstanceOf(JsonProcessingException.class);
    }
  }

  @Test
  void aNodeHoldsSoMuchAtOnceAndOrdinaryAnswersAreFree() throws IOException {
    // 801 tokens of up to 100 bytes.
    var text = "[0" + ",0".repeat(798) + "]";
    try (var first = responses.begin("large")) {
      append(first, text);
      first.parse();
      assertThat(responses.heldBytes()).isBetween(HELD / 2L, (long) HELD);
      try (var second = responses.begin("large");
          var small = responses.begin("small")) {
        append(second, text);
        var why = catchThrowableOfType(RejectedException.class, second::parse);
        assertThat(why.why()).isInstanceOf(Busy.class);
        append(small, "{}");
        assertThat(small.parse().isObject()).isTrue();
      }
    }
    assertThat(responses.heldBytes()).isZero();
    try (var again = responses.begin("large")) {
      append(again, text);
      assertThat(again.parse()).hasSize(799);
    }
  }

  @Test
  void whatArrivesAfterTheCallEndedIsNotHeld() throws IOException {
    var incoming = responses.begin("large");
    append(incoming, "x".repeat(40_000));
    assertThat(responses.heldBytes()).isPositive();
    incoming.close();
    var why =
        catchThrowableOfType(RejectedException.class, () -> append(incoming, "x".repeat(40_000)));
    assertThat(responses.heldBytes()).as("bytes held for no call").isZero();
    assertThat(why.why()).isEqualTo(new NoAnswer("the call has ended"));
  }

  private static void append(Incoming incoming, String text) throws RejectedException {
    incoming.append(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }
}

package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewayResponses.Incoming;
import dev.chowder.openclaw.GatewayResponses.RejectedException;
import dev.chowder.openclaw.OpenClawSettings.ResponseLimit;
import dev.chowder.openclaw.OpenClawSettings.Responses;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Limits of a gateway's responses, and of the memory that a node holds for them. */
class GatewayResponsesTest {
  private static final int FREE = 10_000;
  private static final int HELD = 100_000;

  private static final long HELD_WHEN_MEASURED = 128L << 20;

  /** A margin for the memory that other threads and the test itself take. */
  private static final long SLACK = 300_000;

  private final GatewayResponses responses =
      new GatewayResponses(
          new Responses(
              Map.of("large", new ResponseLimit(50_000, 10_000)),
              new ResponseLimit(1000, 50),
              8,
              FREE,
              HELD));

  @Test
  void aResponseWithinTheLimitsIsParsed() throws IOException {
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
      assertThat(why.why()).isEqualTo(new NoAnswer("the response exceeds 1000 bytes"));
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
        assertThat(why.why()).isEqualTo(new NoAnswer("the response exceeds 50 tokens or 8 levels"));
      }
    }
  }

  @Test
  void otherTextThanJsonIsNotReportedAsTooLarge() throws IOException {
    try (var incoming = responses.begin("small")) {
      append(incoming, "<html>");
      assertThatThrownBy(incoming::parse).isInstanceOf(JsonProcessingException.class);
    }
  }

  @Test
  void aNodeLimitsTheMemoryOfLargeResponsesOnly() throws IOException {
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

  /**
   * The forms of JSON that took most memory per token and per byte of text, of 24 measured ones.
   */
  @Test
  void treesTakeNoMoreMemoryThanIsHeld() throws IOException {
    var entries = new StringBuilder("{");
    for (int n = 0; n < 2000; n++) entries.append('"').append(n).append("\":\"b\",");
    var answers =
        Map.of(
            "empty objects", "[" + "{},".repeat(2000) + "0]",
            "nested objects", "[" + nested(60).repeat(40) + "0]",
            "entries of one object", entries.append("\"z\":0}").toString(),
            "large numbers", "[" + "99999999999999999999,".repeat(2000) + "0]",
            "a string of ASCII", "\"" + "x".repeat(80_000) + "\"",
            "a string of two-byte characters", "\"" + "x".repeat(80_000) + "€\"",
            "many strings of two-byte characters",
                "[" + ("\"" + "x".repeat(1000) + "€\",").repeat(80) + "0]");
    for (var answer : answers.entrySet()) {
      var text = answer.getValue().getBytes(StandardCharsets.UTF_8);
      var measured = measure(text);
      System.out.printf(
          "%s: text %d KiB, tree %d KiB, held %d KiB%n",
          answer.getKey(), text.length >> 10, measured.taken() >> 10, measured.held() >> 10);
      assertThat(measured.taken()).as(answer.getKey()).isBetween(text.length / 2L, measured.held());
    }
  }

  /**
   * @param taken bytes of the tree of one response
   * @param held bytes that are reserved for it
   */
  private record Measured(long taken, long held) {}

  /** Measures many small trees, since a collector may count memory in regions of some megabytes. */
  private static Measured measure(byte[] text) throws IOException {
    var unlimited = responses(1L << 40);
    var open = new ArrayList<Incoming>();
    var trees = new ArrayList<JsonNode>();
    long before = used();
    while (unlimited.heldBytes() < HELD_WHEN_MEASURED) {
      var incoming = unlimited.begin("any");
      open.add(incoming);
      incoming.append(ByteBuffer.wrap(text));
      trees.add(incoming.parse());
    }
    long taken = used() - before;
    long held = unlimited.heldBytes();
    int copies = trees.size();
    open.forEach(Incoming::close);
    assertThat(unlimited.heldBytes()).isZero();
    return new Measured(taken / copies, held / copies);
  }

  /** Counts the garbage of a parse as well, since the collector may not have run. */
  @Test
  void parsingReservesItsMemory() throws IOException {
    loadClassesOfParser();
    var text = "\"" + "x".repeat(2_000_000) + "€\"";
    var enough = responses(9L * 2_000_005 + 100);
    try (var incoming = enough.begin("any")) {
      append(incoming, text);
      long before = allocated();
      incoming.parse();
      // The buffer of the text takes the other 2 of the 9 bytes.
      assertThat(allocated() - before).isLessThan(7L * 2_000_005 + SLACK);
    }
    try (var incoming = responses(9L * 2_000_005 - 1000).begin("any")) {
      append(incoming, text);
      var why = catchThrowableOfType(RejectedException.class, incoming::parse);
      assertThat(why.why()).isInstanceOf(Busy.class);
    }
  }

  /** The first parse of a process allocates 15 MB more, to load and initialize the classes. */
  private static void loadClassesOfParser() throws IOException {
    try (var incoming = responses(1 << 20).begin("any")) {
      append(incoming, "\"" + "x".repeat(20_000) + "€\"");
      assertThat(incoming.parse().asText()).hasSize(20_001);
    }
  }

  private static GatewayResponses responses(long maxHeld) {
    return new GatewayResponses(
        new Responses(Map.of(), new ResponseLimit(8_000_000, 1_000_000), 64, 0, maxHeld));
  }

  private static String nested(int levels) {
    return "{\"a\":".repeat(levels) + "0" + "}".repeat(levels) + ",";
  }

  private static long allocated() {
    return ManagementFactory.getPlatformMXBean(com.sun.management.ThreadMXBean.class)
        .getCurrentThreadAllocatedBytes();
  }

  private static long used() {
    for (int n = 0; n < 3; n++) System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void bytesAfterTheEndOfACallAreNotHeld() throws IOException {
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

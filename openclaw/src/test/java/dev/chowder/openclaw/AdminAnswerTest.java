package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Issue;
import dev.chowder.openclaw.AdminAnswer.Refused;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdminAnswerTest {
  private static final String LONG = "x".repeat(50_000);

  @Test
  void aMessageOfManyLinesBecomesOneLine() {
    assertThat(new Busy(" not now:\r\n\ttry\u0007 later \n").message())
        .isEqualTo("not now: try\uFFFD later");
  }

  @Test
  void longTextsAreCut() {
    var cut = "x".repeat(AdminAnswer.MAX_TEXT) + "...";
    assertThat(new Busy(LONG).message()).isEqualTo(cut);
    assertThat(new Refused(LONG, LONG, List.of()).toText()).isEqualTo(cut);
    assertThat(new Issue(LONG, LONG).toText()).isEqualTo(cut + ": " + cut);
  }

  @Test
  void issuesBeyondTheLimitAreDropped() {
    var many = Collections.nCopies(AdminAnswer.MAX_ISSUES + 1, new Issue("a", "b"));
    assertThat(new Refused("INVALID", "invalid", many).issues()).hasSize(AdminAnswer.MAX_ISSUES);
  }
}

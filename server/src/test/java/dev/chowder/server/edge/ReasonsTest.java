package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.error.Reason;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** No reason is promised that nothing gives: each is reached by a row or by a named test. */
class ReasonsTest {
  private record Named(String suite, String test) {
    boolean isThere() throws ReflectiveOperationException {
      return Arrays.stream(Class.forName("dev.chowder.server." + suite).getDeclaredMethods())
          .anyMatch(
              method -> method.getName().equals(test) && method.isAnnotationPresent(Test.class));
    }
  }

  private static final Map<Reason, Named> ELSEWHERE =
      Map.ofEntries(
          entry(Reason.SIGN_UP_CLOSED, "edge.ClosedServerIT", "nobodySignsUp"),
          entry(
              Reason.NO_CAPACITY,
              "edge.ClosedServerIT",
              "aCreationIsToldWhenToTryAgainAndHoldsNoSlot"),
          entry(
              Reason.RATE_LIMITED,
              "edge.BackpressureIT",
              "aCallBeyondTheLimitIsToldWhenToComeBackAndAnotherOrganizationIsNot"),
          entry(
              Reason.REQUEST_INCOMPLETE,
              "edge.EnvoyLimitsIT",
              "aRequestThatDoesNotArriveWholeIsGivenUp"),
          entry(
              Reason.SERVER_UNAVAILABLE, "edge.EnvoyLimitsIT", "withoutAServerTheAnswerIsJsonAll"),
          entry(
              Reason.NO_ANSWER_IN_TIME, "edge.EnvoyLimitsIT", "aCallThatIsNotAnsweredInTimeIs504"),
          entry(
              Reason.GATEWAY_UNAVAILABLE,
              "edge.EnvoyStreamIT",
              "aGatewayThatDoesNotAnswerIsUnavailable"),
          entry(Reason.INTERNAL, "edge.EnvoyRestIT", "aBugShowsTheRequestIdAndNothingElse"),
          entry(Reason.KEY_LIMIT_REACHED, "edge.ScopedKeysIT", "anOrganizationHasSoManyThatWork"),
          entry(
              Reason.ORGANIZATION_NOT_FOUND,
              "operator.OperatorServerTest",
              "badCommandsAreRefused"),
          entry(
              Reason.ORGANIZATION_SUSPENDED,
              "edge.SuspensionIT",
              "keysAndGatewayUrlsOfASuspendedOrganizationAnswer403"),
          entry(
              Reason.SKILL_EXISTS,
              "edge.SkillsIT",
              "anArchiveBecomesASkillAndIsReplacedOnlyWhenAsked"),
          entry(Reason.FILE_EXISTS, "node.FilesTest", "whatIsWrittenIsListedReadMovedAndDeleted"),
          entry(
              Reason.FOLDER_NOT_EMPTY,
              "node.FilesTest",
              "whatIsWrittenIsListedReadMovedAndDeleted"),
          entry(
              Reason.RANGE_NOT_SATISFIABLE,
              "edge.FileTransfersIT",
              "aRangeOutsideOfTheFileIsRefused"),
          entry(Reason.FILE_IS_LINK, "node.FilesTest", "noLinkIsFollowed"),
          entry(Reason.FILE_WRONG_KIND, "node.FilesTest", "aFolderIsNoFileAndAFileNoFolder"),
          entry(Reason.FILE_NOT_TEXT, "node.FilesTest", "aFileThatIsNoTextIsNotReadAsText"),
          entry(Reason.NO_SPACE, "node.FilesTest", "aFullDiskAndAnEngineThatIsAwayAreTold"),
          entry(
              Reason.CURSOR_EXPIRED,
              "node.FleetWatchTest",
              "aCursorThatHasMissedNothingIsNeverTooOldAndOneThatHasIs"),
          entry(
              Reason.SIGNATURE_INVALID,
              "edge.StripeIT",
              "whatStripeDidNotSignIsRefusedThroughEnvoy"),
          entry(
              Reason.BILLING_UNAVAILABLE,
              "node.SubscriptionTest",
              "aStripeThatFailsIsToldWithoutItsSecrets"),
          entry(
              Reason.IDEMPOTENCY_KEY_REUSED,
              "edge.IdempotencyIT",
              "anotherRequestWithTheKeyIsRefused"),
          entry(
              Reason.IN_PROGRESS,
              "idempotency.ClaimsTest",
              "aDuplicateGivesUpWhenTheFirstTakesTooLong"),
          entry(
              Reason.ALREADY_DONE,
              "edge.IdempotencyIT",
              "anAnswerThatHeldAKeyIsNotGivenAgainButItsIdIs"));

  private static Map.Entry<Reason, Named> entry(Reason reason, String suite, String test) {
    return Map.entry(reason, new Named(suite, test));
  }

  /** Nobody is there to see it. */
  private static final Set<Reason> UNREACHED = Set.of(Reason.CANCELLED);

  @Test
  void eachIsReachedByARowOrByATest() throws ReflectiveOperationException {
    var reached = EnumSet.noneOf(Reason.class);
    BadInputIT.rows().forEach(row -> reached.add(row.reason()));
    BadCalls.rows().forEach(row -> reached.add(row.reason()));
    for (var reason : ELSEWHERE.entrySet()) {
      assertThat(reason.getValue().isThere()).as(reason.toString()).isTrue();
      reached.add(reason.getKey());
    }
    assertThat(reached)
        .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.copyOf(UNREACHED)));
  }

  @Test
  void theTableHasAllItsRowsAndEachANameOfItsOwn() {
    var names =
        Stream.concat(
                BadInputIT.rows().stream().map(BadInput::what),
                BadCalls.rows().stream().map(row -> "gRPC: " + row.what()))
            .toList();
    assertThat(names).hasSizeGreaterThan(300).doesNotHaveDuplicates();
  }
}

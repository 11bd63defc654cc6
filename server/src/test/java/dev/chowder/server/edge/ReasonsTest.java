package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ReasonFacts;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Tests that the server can return every documented reason: a row or a named test produces each of
 * them.
 */
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
          entry(Reason.SIGN_UP_CLOSED, "edge.ClosedServerIT", "signUpIsRejected"),
          entry(
              Reason.NO_CAPACITY,
              "edge.ClosedServerIT",
              "aRejectedCreateGetsRetryAfterAndHoldsNoSlot"),
          entry(
              Reason.RATE_LIMITED,
              "edge.BackpressureIT",
              "aCallOverTheLimitGetsRetryAfterAndOtherOrganizationsAreServed"),
          entry(Reason.REQUEST_INCOMPLETE, "edge.EnvoyLimitsIT", "anIncompleteRequestTimesOut"),
          entry(
              Reason.SERVER_UNAVAILABLE, "edge.EnvoyLimitsIT", "withoutAServerTheErrorIsAlsoJson"),
          entry(Reason.NO_ANSWER_IN_TIME, "edge.EnvoyLimitsIT", "aCallWithoutAResponseInTimeIs504"),
          entry(
              Reason.GATEWAY_UNAVAILABLE,
              "edge.EnvoyStreamIT",
              "aGatewayThatDoesNotAnswerIsUnavailable"),
          entry(Reason.INTERNAL, "edge.EnvoyRestIT", "anInternalErrorShowsOnlyTheRequestId"),
          entry(
              Reason.KEY_LIMIT_REACHED,
              "edge.ScopedKeysIT",
              "activeKeysOfAnOrganizationAreLimited"),
          entry(
              Reason.ORGANIZATION_NOT_FOUND,
              "operator.OperatorServerTest",
              "badCommandsAreRejected"),
          entry(
              Reason.ORGANIZATION_SUSPENDED,
              "edge.SuspensionIT",
              "keysAndGatewayUrlsOfASuspendedOrganizationReturn403"),
          entry(
              Reason.SKILL_EXISTS, "edge.SkillsIT", "anArchiveIsInstalledAndReplacedOnlyOnDemand"),
          entry(Reason.FILE_EXISTS, "node.FilesTest", "filesAreWrittenListedReadMovedAndDeleted"),
          entry(
              Reason.FOLDER_NOT_EMPTY,
              "node.FilesTest",
              "filesAreWrittenListedReadMovedAndDeleted"),
          entry(
              Reason.RANGE_NOT_SATISFIABLE,
              "edge.FileTransfersIT",
              "aRangeOutsideTheFileIsRejected"),
          entry(Reason.FILE_IS_LINK, "node.FilesTest", "symbolicLinksAreNotFollowed"),
          entry(Reason.FILE_WRONG_KIND, "node.FilesTest", "foldersAndFilesAreNotInterchangeable"),
          entry(Reason.FILE_NOT_TEXT, "node.FilesTest", "aBinaryFileIsNotReadAsText"),
          entry(Reason.NO_SPACE, "node.FilesTest", "aFullDiskAndAnUnavailableEngineAreReported"),
          entry(
              Reason.CURSOR_EXPIRED,
              "node.FleetWatchTest",
              "onlyACursorThatMissedDeletedChangesExpires"),
          entry(Reason.SIGNATURE_INVALID, "edge.StripeIT", "unsignedEventsAreRejectedThroughEnvoy"),
          entry(
              Reason.BILLING_UNAVAILABLE,
              "node.SubscriptionTest",
              "aStripeFailureIsReportedWithoutSecrets"),
          entry(
              Reason.IDEMPOTENCY_KEY_REUSED,
              "edge.IdempotencyIT",
              "anotherRequestWithTheKeyIsRejected"),
          entry(
              Reason.IN_PROGRESS,
              "idempotency.ClaimsTest",
              "aDuplicateTimesOutIfTheFirstTakesTooLong"),
          entry(
              Reason.ALREADY_DONE,
              "edge.IdempotencyIT",
              "aResponseWithASecretIsNotRepeatedButItsIdIs"));

  private static Map.Entry<Reason, Named> entry(Reason reason, String suite, String test) {
    return Map.entry(reason, new Named(suite, test));
  }

  /** No caller can see this one. */
  private static final Set<Reason> UNREACHED = Set.of(Reason.CANCELLED);

  @Test
  void eachReasonIsProducedByARowOrATest() throws ReflectiveOperationException {
    var reached = EnumSet.noneOf(Reason.class);
    BadInputIT.rows().forEach(row -> reached.add(row.reason()));
    BadCalls.rows().forEach(row -> reached.add(row.reason()));
    for (var reason : ELSEWHERE.entrySet()) {
      assertThat(reason.getValue().isThere()).as(reason.toString()).isTrue();
      reached.add(reason.getKey());
    }
    assertThat(reached).doesNotContainAnyElementsOf(UNREACHED);
    reached.addAll(UNREACHED);
    assertThat(reached).isEqualTo(ReasonFacts.reasons());
  }

  @Test
  void allRowsArePresentWithUniqueNames() {
    var names =
        Stream.concat(
                BadInputIT.rows().stream().map(BadInput::what),
                BadCalls.rows().stream().map(row -> "gRPC: " + row.what()))
            .toList();
    assertThat(names).hasSizeGreaterThan(300).doesNotHaveDuplicates();
  }
}

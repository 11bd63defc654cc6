package dev.chowder.server.rules;

import static dev.chowder.server.rules.Checked.checked;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.operator.v1.OperatorServiceGrpc;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.base.ErrorText;
import dev.chowder.base.Ids;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.rpc.ApiMethods;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.ArrayList;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** {@code LimitTextsTest} compares the texts of all documented limits. */
class RuleCheckTest {
  /** Characters that no text of a caller has, or that have no properties. */
  private static final Set<Integer> SKIPPED =
      Set.of((int) Character.SURROGATE, (int) Character.UNASSIGNED, (int) Character.PRIVATE_USE);

  @Test
  void theRulesOfAllRequestsAreCompiledBeforeTheFirstCall() throws Exception {
    var requests =
        Stream.concat(
                ApiMethods.all().stream(),
                OperatorServiceGrpc.getServiceDescriptor().getMethods().stream())
            .map(method -> (ProtoMethodDescriptorSupplier) method.getSchemaDescriptor())
            .map(schema -> requireNonNull(schema).getMethodDescriptor().getInputType())
            .toList();
    assertThat(RuleCheck.requests()).containsExactlyInAnyOrderElementsOf(requests);
    assertThat(RuleCheck.validator(requests)).isNotNull();
  }

  @Test
  void theJdkAgreesAboutEveryCharacter() {
    var wrong = new ArrayList<String>();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (SKIPPED.contains(Character.getType(c))) continue;
      var text = Character.toString(c);
      boolean isPrintable = ErrorText.isPrintable(c);
      if (isName(text) != (isPrintable && !isBlank(c))) wrong.add(Integer.toHexString(c));
      if (!isPrintable && isName("a" + text))
        wrong.add("after a letter: " + Integer.toHexString(c));
    }
    assertThat(wrong).isEmpty();
  }

  /** All spaces, and characters without a width, such as U+200B and U+FEFF. */
  private static boolean isBlank(int c) {
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || Character.getType(c) == Character.FORMAT;
  }

  private static void says(ThrowingCallable call, String message) {
    assertThat(Rejection.of(call).error().message()).isEqualTo(message);
  }

  private static boolean isName(String name) {
    try {
      RuleCheck.check(CreateInstanceRequest.newBuilder().setName(name).build());
      return true;
    } catch (ApiError _) {
      return false;
    }
  }

  @Test
  void aMalformedIdIsLeftToTheService() {
    assertThat(checked(StopInstanceRequest.newBuilder().setInstanceId("x").setWait(-1).build()))
        .isNotNull();
    var events = ListInstanceEventsRequest.newBuilder().setPageSize(0);
    Rejection.of(() -> checked(events.build())).hasField("page_size");
    assertThat(checked(events.setInstanceId("x").build())).isNotNull();
  }

  @Test
  void theFirstWrongFieldIsReported() {
    var request = CreateKeyRequest.newBuilder().addInstanceIds("x");
    Rejection.of(() -> checked(request.build())).hasField("name");
    // The id comes before the permissions, so the service responds that it is unknown.
    assertThat(checked(request.setName("a").build())).isNotNull();
    request.setInstanceIds(0, Ids.next());
    Rejection.of(() -> checked(request.build())).hasField("permissions");
    assertThat(checked(request.addPermissions(Key.Permission.read).build())).isNotNull();
  }

  @Test
  void textsWithoutADocumentedLimitAreAsBefore() {
    var pair = PairChannelRequest.newBuilder().setInstanceId(Ids.next()).setCode("a-b");
    says(() -> checked(pair.build()), "code: must be 4 to 16 letters and digits; got a-b");
    var connect =
        ConnectChannelRequest.newBuilder()
            .setInstanceId(Ids.next())
            .setChannel("slack")
            .putConfig("bot_token", "x".repeat(16_385));
    says(
        () -> checked(connect.build()),
        "config.bot_token: must be 1 to 16384 characters; got 16385");
    var label = CreateInstanceRequest.newBuilder().setName("a").putLabels("a", " ");
    says(() -> checked(label.build()), "labels.a: must have a character that is not blank");
  }

  @Test
  void anUncheckedKeyOfAMapIsShownInPart() {
    var key = "k\u0007" + "e".repeat(200);
    var connect = ConnectChannelRequest.newBuilder().setInstanceId(Ids.next()).putConfig(key, "");
    says(
        () -> checked(connect.build()),
        "config.k\ufffd" + "e".repeat(126) + "...: must be 1 to 16384 characters; got 0");
  }

  @Test
  void theRulesOfTooManyEntriesAreNotChecked() {
    var change = UpdateOrganizationRequest.newBuilder();
    for (int n = 0; n < 1000; n++) change.putModelApiKeys("provider" + n, "a");
    assertThat(checked(change.build())).isNotNull();
    Rejection.of(() -> checked(change.putModelApiKeys("another", " ").build()))
        .hasField("model_api_keys");
  }
}

package dev.chowder.server.instance;

import static dev.chowder.server.rules.Checked.checked;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateSessionResponseRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.base.Ids;
import dev.chowder.creation.WantedInstance;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceRequestsTest {
  private final InstanceRequests requests =
      new InstanceRequests(ServerSettings.of(ConfigFactory.load()).instances());

  @Test
  void omittedFieldsOfACreateHaveDefaults() {
    var creation = requests.creation(CreateInstanceRequest.newBuilder().setName("a").build());
    assertThat(creation.modelProvider()).isEmpty();
    assertThat(creation.sandboxProvider()).isEqualTo("sandbox");
    assertThat(creation.openclawVersion()).isEqualTo("v1");
    assertThat(creation.model()).isEmpty();
    assertThat(creation.openclawConfig()).isEmpty();
    assertThat(creation.labels()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "\u00e9", "\ud83e\udd80", " a ", "a b"})
  void aReadableNameIsAccepted(String name) {
    assertThat(requests.creation(checked(named(name))).name()).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\u00a0\u2003",
        "\u200b",
        "a\nb",
        "a\u0000",
        "a\u007f",
        "a\u0085b",
        "a\u202eb"
      })
  void anUnreadableNameIsRejected(String name) {
    assertRejected("name", () -> requests.creation(checked(named(name))));
  }

  @Test
  void theLengthOfANameIsCountedInCodePoints() {
    assertThat(requests.creation(checked(named("\ud83e\udd80".repeat(128)))).name()).hasSize(256);
    assertRejected("name", () -> checked(named("a".repeat(129))));
    assertRejected("name", () -> checked(named("\ud83e\udd80".repeat(129))));
  }

  @Test
  void unknownChoicesAreRejectedWithTheKnownOnes() {
    assertRejected(
            "model_provider",
            () -> requests.creation(named("a").toBuilder().setModelProvider("mistral").build()))
        .shows("mistral", "anthropic", "openai", "gemini", "custom");
    assertRejected(
        "region", () -> requests.creation(named("a").toBuilder().setRegion("moon").build()));
    assertRejected(
        "openclaw_version",
        () -> requests.creation(named("a").toBuilder().setOpenclawVersion("v9").build()));
    assertRejected(
        "sandbox_provider",
        () -> requests.creation(named("a").toBuilder().setSandboxProvider("vm").build()));
    assertRejected(
        "sandbox_image",
        () -> requests.creation(named("a").toBuilder().setSandboxImage("huge").build()));
    assertRejected(
        "sandbox_image",
        () ->
            requests.change(
                UpdateInstanceRequest.newBuilder()
                    .setInstanceId(Ids.next())
                    .setSandboxImage("huge")
                    .build()));
  }

  @Test
  void configurationIsConvertedToTheSameJson() {
    var config =
        Struct.newBuilder()
            .putFields("whole", Value.newBuilder().setNumberValue(18789).build())
            .putFields("half", Value.newBuilder().setNumberValue(0.5).build())
            .putFields("none", Value.newBuilder().setNullValue(NullValue.NULL_VALUE).build())
            .build();
    assertThat(
            requests
                .creation(named("a").toBuilder().setOpenclawConfig(config).build())
                .openclawConfig())
        .hasValueSatisfying(
            json ->
                assertThat(json.toString())
                    .contains("\"whole\":18789", "\"half\":0.5", "\"none\":null"));
  }

  @Test
  void configurationHasLimitsOfDepthAndSize() {
    assertThat(requests.creation(configured(nested(32))).openclawConfig()).isPresent();
    assertRejected("openclaw_config", () -> requests.creation(configured(nested(33))));
    var large =
        Struct.newBuilder()
            .putFields("a", Value.newBuilder().setStringValue("x".repeat(262_144)).build())
            .build();
    assertRejected("openclaw_config", () -> requests.creation(configured(large)));
    var infinite =
        Struct.newBuilder()
            .putFields("a", Value.newBuilder().setNumberValue(Double.NaN).build())
            .build();
    assertRejected("openclaw_config", () -> requests.creation(configured(infinite)));
  }

  @Test
  void labelsHaveASyntaxAndAnUpdateMayRemoveThem() {
    assertThat(labelled(Map.of("team/a", "x")).labels()).containsEntry("team/a", "x");
    assertRejected("labels", () -> labelled(Map.of("", "x")));
    assertRejected("labels", () -> labelled(Map.of("-a", "x")));
    assertRejected("labels", () -> labelled(Map.of("a b", "x")));
    assertRejected("labels", () -> labelled(Map.of("a".repeat(64), "x")));
    assertRejected("labels.a", () -> labelled(Map.of("a", "x".repeat(257))));
    var removal = UpdateInstanceRequest.newBuilder().setInstanceId(Ids.next()).putLabels("a", "");
    assertThat(requests.change(checked(removal.build())).labels()).containsEntry("a", "");
  }

  @Test
  void aWaitIsAtMostFiveMinutes() {
    var id = Ids.next();
    assertThat(InstanceRequests.verb(id, false, 0).timeout()).isEqualTo(Duration.ofSeconds(60));
    assertThat(InstanceRequests.verb(id, true, 0).timeout()).isZero();
    assertThat(InstanceRequests.verb(id, true, 300).timeout()).isEqualTo(Duration.ofMinutes(5));
    var stop = StopInstanceRequest.newBuilder().setInstanceId(id);
    assertThat(checked(stop.setWait(300).build()).getWait()).isEqualTo(300);
    assertRejected("wait", () -> checked(stop.setWait(301).build()));
    assertRejected("wait", () -> checked(stop.setWait(-1).build()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "../etc", "0190-", "01900000-0000-7000-8000-00000000000Z", "null"})
  void invalidIdsAreUnknownInstances(String id) {
    var error = catchThrowableOfType(ApiError.class, () -> InstanceRequests.instanceId(id));
    assertThat(error.reason()).isEqualTo(Reason.INSTANCE_NOT_FOUND);
  }

  @Test
  void listsHaveLimitsAndFilters() {
    assertThat(InstanceRequests.listing(ListInstancesRequest.getDefaultInstance()).pageSize())
        .isEqualTo(100);
    var filtered =
        InstanceRequests.listing(
            ListInstancesRequest.newBuilder()
                .setStatus(Instance.Status.running)
                .setLabel("a=b=c")
                .setNamePrefix("x")
                .build());
    assertThat(filtered.filter().status()).contains("running");
    assertThat(filtered.filter().labels()).containsEntry("a", "b=c");
    assertRejected("page_size", () -> list(ListInstancesRequest.newBuilder().setPageSize(501)));
    assertRejected("page_size", () -> list(ListInstancesRequest.newBuilder().setPageSize(0)));
    assertRejected("page_token", () -> list(ListInstancesRequest.newBuilder().setPageToken("x")));
    assertRejected("label", () -> list(ListInstancesRequest.newBuilder().setLabel("novalue")));
    assertRejected("labels", () -> list(ListInstancesRequest.newBuilder().setLabel("-a=b")));
    assertRejected("labels.a", () -> list(ListInstancesRequest.newBuilder().setLabel("a=\n")));
    assertRejected("status", () -> list(ListInstancesRequest.newBuilder().setStatusValue(99)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a/b", "\u00e4", "a\n", "a%2fb"})
  void anInvalidSessionIsRejected(String session) {
    assertRejected("session_id", () -> session(session));
  }

  @Test
  void aSessionHasAtMost128Characters() {
    assertThat(session("A-z0.9_~:@").sessionId()).isEqualTo("A-z0.9_~:@");
    assertRejected("session_id", () -> session("a".repeat(129)));
  }

  @Test
  void logLinesAreBounded() {
    var tail = TailLogsRequest.newBuilder().setInstanceId(Ids.next());
    assertThat(InstanceRequests.tail(tail.build()).lines()).isEqualTo(200);
    assertRejected("lines", () -> checked(tail.setLines(5001).build()));
  }

  private InstanceRequests.Message session(String session) {
    return InstanceRequests.message(
        checked(
            CreateSessionResponseRequest.newBuilder()
                .setInstanceId(Ids.next())
                .setSessionId(session)
                .build()));
  }

  private void list(ListInstancesRequest.Builder request) {
    InstanceRequests.listing(checked(request.build()));
  }

  private WantedInstance labelled(Map<String, String> labels) {
    return requests.creation(checked(named("a").toBuilder().putAllLabels(labels).build()));
  }

  private static CreateInstanceRequest named(String name) {
    return CreateInstanceRequest.newBuilder().setName(name).build();
  }

  private static CreateInstanceRequest configured(Struct config) {
    return named("a").toBuilder().setOpenclawConfig(config).build();
  }

  private static Struct nested(int depth) {
    var struct = Struct.getDefaultInstance();
    for (int n = 1; n < depth; n++) {
      struct =
          Struct.newBuilder()
              .putFields("a", Value.newBuilder().setStructValue(struct).build())
              .build();
    }
    return struct;
  }

  private static Rejection assertRejected(String field, ThrowingCallable call) {
    return Rejection.of(call).hasField(field);
  }
}

package dev.chowder.server.operator;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.buf.validate.FieldRules;
import build.buf.validate.ValidateProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Empty;
import com.typesafe.config.ConfigFactory;
import dev.chowder.api.operator.v1.CloseHostPortRequest;
import dev.chowder.api.operator.v1.CreateOrganizationRequest;
import dev.chowder.api.operator.v1.OpenHostPortRequest;
import dev.chowder.api.operator.v1.OperatorServiceProto;
import dev.chowder.api.operator.v1.SetTierRequest;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.hostport.HostPortSettings;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.operator.OperatorCalls.Answer;
import dev.chowder.server.rpc.RpcFacts;
import dev.chowder.storage.AuditRow;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OperatorServerTest {
  private static final String ID = OneOrganization.ID;
  private static final String OTHER_ID = "01900000-0000-7000-8000-00000000000c";

  /** The organization whose new key fails with a bug. */
  private static final String BUG = "01900000-0000-7000-8000-00000000000b";

  private static final Instant SINCE = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir private Path home;
  private final RecordedAudit audit = new RecordedAudit();
  private final CountDownLatch backupStarted = new CountDownLatch(1);
  private OperatorServer server;
  private String token;

  @BeforeEach
  void start() throws IOException {
    start(Map.of(), () -> "backup.gz", new NoIncidents());
  }

  private void start(Map<String, Object> more, Supplier<String> backup) throws IOException {
    start(more, backup, new NoIncidents());
  }

  private void start(Map<String, Object> more, Supplier<String> backup, IncidentResponse incidents)
      throws IOException {
    var settings =
        ServerSettings.of(
            ConfigFactory.parseMap(more)
                .withFallback(ConfigFactory.parseMap(Map.of("chowder.operator.port", 0)))
                .withFallback(ConfigFactory.load()));
    Path file = home.resolve("operator.token");
    var made = TokenFile.in(file, "chd_op_", new SecureRandom());
    token = Files.readString(file).strip();
    var envoy =
        new EnvoyToken(TokenFile.in(home.resolve("envoy.token"), "chd_envoy_", new SecureRandom()));
    server =
        OperatorServer.start(
            settings,
            InsecureServerCredentials.create(),
            new OperatorServer.Gate(made, new ClientAddress(envoy), audit),
            new OperatorGrpcService(
                new BuggyOrganization(),
                incidents,
                new OnePendingEffect(),
                () -> new RowOperatorCommands.Rebuilt(1, 2, 3, 4),
                new NoMasterKey(),
                backup,
                new ClusterNodes("here:1", () -> List.of("here:1", "there:2"), () -> "there:2")));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Entries for incident analysis: actions of an operator, or of another holder of the token. */
  @Test
  void callsThatMayChangeSomethingAreRecorded() {
    var organization = request("organization_id", ID);
    for (var rpc :
        List.of(
            "CreateOrganizationKey",
            "DeleteOrganization",
            "ResumeOrganization",
            "RevokeKeys",
            "SetTier",
            "SuspendOrganization")) {
      call(rpc, organization);
    }
    call("StopInstance", request("instance_id", ID));
    call("RemoveSandbox", request("sandbox_id", "sb-" + ID));
    call("OpenHostPort", request("port", "8000"));
    call("CloseHostPort", request("port", "8000"));
    call("RebindHost", request("host", "previous"));
    call("UnbindHost", request("host", "previous"));
    for (var rpc :
        List.of(
            "CreateOrganization",
            "RecoverInstances",
            "ReleaseReconciler",
            "RebuildRows",
            "RewriteSecrets",
            "ReloadMasterKey",
            "CreateBackup")) {
      call(rpc);
    }
    // Queries, and calls without a valid token, are not recorded.
    call("ListOrganizations");
    send("x", "SuspendOrganization", organization);
    assertThat(audit.calls())
        .containsExactly(
            "127.0.0.1 operator/CreateOrganizationKey " + ID + " ",
            "127.0.0.1 operator/DeleteOrganization " + ID + " ",
            "127.0.0.1 operator/ResumeOrganization " + ID + " ",
            "127.0.0.1 operator/RevokeKeys " + ID + " ",
            "127.0.0.1 operator/SetTier " + ID + " ",
            "127.0.0.1 operator/SuspendOrganization " + ID + " ",
            "127.0.0.1 operator/StopInstance  " + ID,
            "127.0.0.1 operator/RemoveSandbox  " + ID,
            "127.0.0.1 operator/OpenHostPort/8000  ",
            "127.0.0.1 operator/CloseHostPort/8000  ",
            "127.0.0.1 operator/RebindHost  ",
            "127.0.0.1 operator/UnbindHost  ",
            "127.0.0.1 operator/CreateOrganization  ",
            "127.0.0.1 operator/RecoverInstances  ",
            "127.0.0.1 operator/ReleaseReconciler  ",
            "127.0.0.1 operator/RebuildRows  ",
            "127.0.0.1 operator/RewriteSecrets  ",
            "127.0.0.1 operator/ReloadMasterKey  ",
            "127.0.0.1 operator/CreateBackup  ");
    // The list above is complete.
    assertThat(methods().stream().filter(method -> RpcFacts.of(method).changes()))
        .hasSize(audit.calls().size());
  }

  @Test
  void aCallerCannotInventActions() {
    assertThat(raw("Bearer " + token, "chowder.operator.v1.OperatorService/Invent"))
        .isEqualTo(new Answer(404, "PATH_NOT_FOUND"));
    assertThat(raw("Bearer " + token, "a/" + "x".repeat(60)))
        .isEqualTo(new Answer(404, "PATH_NOT_FOUND"));
    // A part that is not an id or a port is not recorded. The call is still rejected.
    assertAnswer(call("StopInstance", request("instance_id", "x")), 404, "INSTANCE_NOT_FOUND");
    assertAnswer(call("RemoveSandbox", request("sandbox_id", "x")), 400, "INVALID_FIELD");
    assertAnswer(call("OpenHostPort", request("port", "100000")), 400, "INVALID_FIELD");
    assertAnswer(call("OpenHostPort", request("port", "-1")), 400, "INVALID_FIELD");
    assertThat(audit.calls())
        .containsExactly(
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/StopInstance  ",
            "127.0.0.1 operator/RemoveSandbox  ",
            "127.0.0.1 operator/OpenHostPort  ",
            "127.0.0.1 operator/OpenHostPort  ");
  }

  private static final class BuggyOrganization extends OneOrganization {
    @Override
    public Secret newKey(String id) {
      if (id.equals(BUG)) throw new IllegalStateException("secret of the bug");
      return super.newKey(id);
    }
  }

  private static final class OnePendingEffect extends NoHost {
    @Override
    public List<PendingWork> pending(int limit) {
      return List.of(new PendingWork(ID, ID, "terminated", "remove_sandbox", SINCE));
    }

    @Override
    public BulkRecovery.Recovery recover(
        Optional<String> errorReason, Optional<String> organizationId) {
      return new BulkRecovery.Recovery(
          3,
          List.of(
              new BulkRecovery.Unrecovered(
                  ID, errorReason.orElse("all"), organizationId.orElse(""))),
          2);
    }
  }

  @Test
  void theTokenIsCreatedOnceInAFileThatOnlyItsOwnerCanRead() throws IOException {
    Path file = home.resolve("operator.token");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(TokenFile.in(file, "chd_op_", new SecureRandom()).is(token)).isTrue();
    assertThat(Files.readString(file).strip()).isEqualTo(token).startsWith("chd_op_").hasSize(71);
  }

  @Test
  void aTokenFileThatOthersCanReadIsRejected() throws IOException {
    Path file = home.resolve("operator.token");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> TokenFile.in(file, "chd_op_", new SecureRandom()))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("operator.token", "0600");
  }

  @Test
  void aBackupReturnsTheNameOfItsFile() {
    assertThat(call("CreateBackup")).isEqualTo(new Answer(201, "{\"file\":\"backup.gz\"}"));
    assertThat(call("CreateBackup", request("node", "here:1")).statusCode()).isEqualTo(201);
  }

  /** By default, gRPC's server ends the connection of a client at the third ping. */
  @Test
  @Tag("slow")
  void aClientMayPingDuringALongCall() throws Exception {
    server.close();
    start(
        Map.of("chowder.grpc.min-client-keep-alive-interval", "5s"),
        () -> {
          try {
            // A client of gRPC pings every 10 s at most.
            Thread.sleep(Duration.ofSeconds(35));
          } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
          }
          return "backup.gz";
        });
    var channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .keepAliveTime(10, TimeUnit.SECONDS)
            .build();
    try {
      assertThat(new OperatorClient(channel, token).call("CreateBackup", "{}"))
          .isEqualTo("{\"file\":\"backup.gz\"}");
    } finally {
      channel.shutdownNow();
    }
  }

  /** A page that is full may be the last one. */
  @Test
  void onlyAPageThatAnotherOneFollowsHasAToken() throws IOException {
    var entry = new AuditRow("a1", SINCE, "operator/SetTier", "", "", "", "", 1);
    server.close();
    start(
        Map.of(),
        () -> "backup.gz",
        new NoIncidents() {
          @Override
          public List<AuditRow> audit(
              Optional<String> organizationId, int limit, Optional<String> before) {
            return Collections.nCopies(Math.min(limit, 2), entry);
          }
        });
    assertThat(call("ListAuditEntries", "{\"page_size\":2}").body())
        .contains("\"next_page_token\":\"\"");
    assertThat(call("ListAuditEntries", "{\"page_size\":1}").body())
        .contains("\"next_page_token\":\"a1\"");
  }

  @Test
  void aCallForAnotherNodeIsRejectedWithTheNamesOfBoth() {
    for (var rpc : List.of("CreateBackup", "ReloadMasterKey")) {
      var elsewhere = call(rpc, request("node", "there:2"));
      assertAnswer(elsewhere, 503, "SERVER_UNAVAILABLE");
      assertThat(elsewhere.body()).contains("here:1", "there:2");
      var unknown = call(rpc, request("node", "nowhere:3"));
      assertAnswer(unknown, 400, "INVALID_FIELD");
      assertThat(unknown.body()).contains("here:1, there:2");
    }
  }

  @Test
  void theNodesAreListed() {
    assertThat(call("ListNodes").body())
        .isEqualTo(
            "{\"nodes\":[\"here:1\",\"there:2\"],\"answered_by\":\"here:1\","
                + "\"reconciled_by\":\"there:2\"}");
  }

  @Test
  void aRebuildOfTheRowsReturnsItsResult() {
    assertThat(call("RebuildRows"))
        .isEqualTo(
            new Answer(
                200, "{\"organizations\":1,\"instances\":2,\"removed\":3,\"unanswered\":4}"));
  }

  @Test
  void withoutTheTokenEveryCallIsRejected() {
    for (var header : List.of("", "Bearer wrong", token, "Basic " + token)) {
      for (var method : methods()) {
        assertThat(raw(header, path(method))).isEqualTo(new Answer(401, "KEY_INVALID"));
      }
      assertThat(raw(header, "a/b")).isEqualTo(new Answer(401, "KEY_INVALID"));
      assertThat(raw(header, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"))
          .isEqualTo(new Answer(401, "KEY_INVALID"));
    }
    assertThat(audit.rejected()).hasSize(4 * (methods().size() + 2)).containsOnly("127.0.0.1");
    assertThat(audit.calls()).isEmpty();
  }

  @Test
  void aNewOrganizationIsShownWithItsKey() {
    var answer = call("CreateOrganization", request("name", "me"));
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.body())
        .contains("{\"organization\":{\"id\":\"" + ID, "\"api_key\":\"chd_org_of_me\"");
  }

  @Test
  void aTierIsSetAndReturned() {
    var crab = call("SetTier", request("organization_id", ID, "tier", "crab"));
    assertThat(crab.statusCode()).isEqualTo(200);
    assertThat(crab.body()).contains("\"subscription_tier\":\"crab\"", "\"instance_limit\":10");
    var whale = call("SetTier", request("organization_id", ID, "tier", "whale"));
    assertThat(whale.body()).doesNotContain("instance_limit");
  }

  @Test
  void aNewKeyIsReturnedOnce() {
    assertThat(call("CreateOrganizationKey", request("organization_id", ID)))
        .isEqualTo(new Answer(201, "{\"api_key\":\"chd_org_new\"}"));
  }

  @Test
  void aBulkRecoverReturnsItsResult() {
    assertThat(call("RecoverInstances", request("error_reason", "GATEWAY_CRASHED")))
        .isEqualTo(
            new Answer(
                200,
                "{\"recovered\":3,\"left\":2,\"refused_count\":1,\"refusals\":[{\"instance_id\":\""
                    + ID
                    + "\",\"reason\":\"GATEWAY_CRASHED\",\"message\":\"\"}]}"));
    assertThat(call("RecoverInstances").body()).contains("\"reason\":\"all\"");
  }

  @Test
  void pendingEffectsAreListedWithTheirTime() {
    assertThat(call("ListPendingEffects"))
        .isEqualTo(
            new Answer(
                200,
                "{\"pending_effects\":[{\"instance_id\":\""
                    + ID
                    + "\",\"organization_id\":\""
                    + ID
                    + "\",\"status\":\"terminated\",\"effect\":\"remove_sandbox\","
                    + "\"since\":\"2026-01-01T00:00:00Z\"}]}"));
    assertAnswer(call("ReleaseReconciler"), 409, "WRONG_STATE");
  }

  @Test
  void badCommandsAreRejected() {
    assertAnswer(
        call("SetTier", request("organization_id", ID, "tier", "cod")), 400, "INVALID_FIELD");
    assertAnswer(call("SetTier", request("organization_id", ID)), 400, "INVALID_FIELD");
    var large = request("organization_id", ID, "tier", "x".repeat(20_000));
    assertAnswer(call("SetTier", large), 413, "TOO_LARGE");
    for (var unknown : List.of(OTHER_ID, "x", "")) {
      var answer = call("SetTier", request("organization_id", unknown, "tier", "crab"));
      assertAnswer(answer, 404, "ORGANIZATION_NOT_FOUND");
    }
    var twoErrors = call("SetTier", request("organization_id", "x", "tier", "cod"));
    assertAnswer(twoErrors, 404, "ORGANIZATION_NOT_FOUND");
    assertAnswer(call("DeleteOrganization", request("organization_id", ID)), 400, "INVALID_FIELD");
    assertThatThrownBy(() -> call("Invent"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ListOrganizations");
    assertThatThrownBy(() -> call("SetTier", "{\"tier\":"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("request: must be JSON of SetTierRequest");
  }

  /** In the form of the errors of the public API. */
  @Test
  void aValueBeyondTheRulesOfItsFieldIsRejected() {
    for (var name : List.of("", "x".repeat(129), "a\u0007b", " ")) {
      var answer = call("CreateOrganization", request("name", name));
      assertAnswer(answer, 400, "INVALID_FIELD");
      assertThat(answer.body()).contains("name: must ");
    }
    assertThat(call("CreateOrganization", request("name", "x".repeat(128))).statusCode())
        .isEqualTo(201);
    assertThat(call("SetTier", request("organization_id", ID, "tier", "cod")).body())
        .contains("tier: must be one of shrimp, crab, lobster, whale; got cod");
    for (var rpc : List.of("OpenHostPort", "CloseHostPort")) {
      for (var port : List.of("0", "65536")) {
        assertThat(call(rpc, request("port", port)).body())
            .contains("port: must be 1 to 65535; got " + port);
      }
    }
    for (int size : List.of(0, 1001)) {
      assertThat(call("ListAuditEntries", "{\"page_size\":" + size + "}").body())
          .contains("page_size: must be 1 to 1000; got " + size);
    }
    assertThat(call("ListAuditEntries", "{\"page_size\":1000}").statusCode()).isEqualTo(200);
  }

  @Test
  void theRulesAreTheLimitsOfTheCommands() {
    assertThat(rules(SetTierRequest.getDescriptor(), "tier").getString().getInList())
        .containsExactly(Arrays.stream(Tier.values()).map(Tier::label).toArray(String[]::new));
    for (var request :
        List.of(OpenHostPortRequest.getDescriptor(), CloseHostPortRequest.getDescriptor())) {
      assertThat(rules(request, "port").getInt32().getLte()).isEqualTo(HostPortSettings.LAST_PORT);
    }
    var name = SignUpRequest.getDescriptor();
    assertThat(rules(CreateOrganizationRequest.getDescriptor(), "name"))
        .isEqualTo(rules(name, "name"));
  }

  private static FieldRules rules(Descriptor message, String field) {
    return message.findFieldByName(field).getOptions().getExtension(ValidateProto.field);
  }

  @Test
  void anInternalErrorRevealsNothing() {
    var answer = call("CreateOrganizationKey", request("organization_id", BUG));
    assertAnswer(answer, 500, "INTERNAL");
    assertThat(answer.body()).doesNotContain("secret of the bug", "Exception");
  }

  @Test
  void aNodeMakesOneBackupAtATime() throws Exception {
    var ends = restartWithSlowBackup(Map.of());
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = callers.submit(() -> call("CreateBackup"));
      assertThat(backupStarted.await(20, TimeUnit.SECONDS)).isTrue();
      assertAnswer(call("CreateBackup"), 429, "RATE_LIMITED");
      ends.countDown();
      assertThat(first.get().statusCode()).isEqualTo(201);
    }
  }

  @Test
  void callsInProgressAreLimited() throws Exception {
    var ends = restartWithSlowBackup(Map.of("chowder.operator.max-requests", 1));
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = callers.submit(() -> call("CreateBackup"));
      assertThat(backupStarted.await(20, TimeUnit.SECONDS)).isTrue();
      var refused = call("ListNodes");
      assertAnswer(refused, 429, "RATE_LIMITED");
      assertThat(refused.body()).contains("1 requests in progress, its limit");
      ends.countDown();
      assertThat(first.get().statusCode()).isEqualTo(201);
    }
  }

  @Test
  void aCallEndsAtItsTimeLimit() throws Exception {
    var ends = restartWithSlowBackup(Map.of("chowder.operator.backup-timeout", "100ms"));
    assertAnswer(call("CreateBackup"), 504, "NO_ANSWER_IN_TIME");
    ends.countDown();
  }

  /** It waits for the end of the agent's processes. */
  @Test
  void aStopMayTakeLongerThanOtherCalls() throws Exception {
    server.close();
    var timeout = Duration.ofMillis(100);
    start(
        Map.of("chowder.operator.request-timeout", timeout),
        () -> "backup.gz",
        new NoIncidents() {
          @Override
          public String stop(String instanceId) {
            LockSupport.parkNanos(timeout.multipliedBy(3).toNanos());
            return "stopped";
          }
        });
    assertThat(call("StopInstance", request("instance_id", ID)))
        .isEqualTo(new Answer(200, "{\"status\":\"stopped\"}"));
  }

  private CountDownLatch restartWithSlowBackup(Map<String, Object> settings) throws IOException {
    server.close();
    var ends = new CountDownLatch(1);
    start(
        settings,
        () -> {
          backupStarted.countDown();
          try {
            assertThat(ends.await(30, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
          }
          return "backup.gz";
        });
    return ends;
  }

  private static List<MethodDescriptor> methods() {
    return OperatorServiceProto.getDescriptor().findServiceByName("OperatorService").getMethods();
  }

  private static String path(MethodDescriptor method) {
    return method.getService().getFullName() + "/" + method.getName();
  }

  private static void assertAnswer(Answer answer, int status, String reason) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.body()).contains("\"reason\":\"" + reason + "\"");
  }

  private Answer call(String rpc) {
    return call(rpc, "{}");
  }

  private Answer call(String rpc, String request) {
    return send(token, rpc, request);
  }

  private Answer send(String authorization, String rpc, String request) {
    return OperatorCalls.send(server.port(), authorization, rpc, request);
  }

  /** Sends any header to any path; returns the status and the reason. */
  private Answer raw(String header, String path) {
    var channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    var headers = new Metadata();
    if (!header.isEmpty()) headers.put(AuthInterceptor.AUTHORIZATION, header);
    var marshaller = ProtoUtils.marshaller(Empty.getDefaultInstance());
    try {
      var _ =
          ClientCalls.blockingUnaryCall(
              ClientInterceptors.intercept(
                  channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
              io.grpc.MethodDescriptor.newBuilder(marshaller, marshaller)
                  .setType(MethodType.UNARY)
                  .setFullMethodName(path)
                  .build(),
              CallOptions.DEFAULT,
              Empty.getDefaultInstance());
      return new Answer(200, "");
    } catch (StatusRuntimeException refused) {
      var error = ApiError.of(Objects.requireNonNull(StatusProto.fromThrowable(refused)));
      return new Answer(error.httpStatus(), error.reason().name());
    } finally {
      channel.shutdownNow();
    }
  }
}

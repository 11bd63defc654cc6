package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.DownloadFileRequest;
import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.key.ApiKeys;
import dev.chowder.key.KeySettings;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.subscription.SignedEvent;
import dev.chowder.server.subscription.StubStripe;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests operators' measures after an abuse or a leak, on a node. */
class IncidentResponseTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path home;
  private static StubStripe stripe;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    stripe = StubStripe.start();
    node =
        Node.start(
            home,
            stripe.settings(
                home,
                Map.of(
                    "chowder.audit.flush-interval", "100ms",
                    "chowder.deletion.retry-interval", "100ms",
                    "chowder.key.record-interval", "100ms")));
  }

  @AfterAll
  static void stop() {
    node.close();
    stripe.close();
  }

  private static JsonNode operator(String rpc, String request, int status) {
    try {
      var answer = node.operator(rpc, request);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
      return JSON.readTree(answer.body());
    } catch (IOException notJson) {
      throw new AssertionError(notJson);
    }
  }

  private static String of(String organization) {
    return request("organization_id", organization);
  }

  private static String deletionOf(String organization) {
    return request("organization_id", organization, "name", "org");
  }

  private static Reason failure(ThrowingCallable call) {
    return Rejection.of(call).error().reason();
  }

  private static void getOrganization(String key) {
    var _ = node.organizations(key).getOrganization(GetOrganizationRequest.getDefaultInstance());
  }

  private static String scopedKey(String key, String instanceId) {
    return node.keys(key)
        .createKey(
            CreateKeyRequest.newBuilder()
                .setName("front end")
                .addInstanceIds(instanceId)
                .addPermissions(Key.Permission.read)
                .build())
        .getRawKey();
  }

  @Test
  void keysOfASuspendedOrganizationAreRejectedUntilItIsResumed() throws Exception {
    var key = node.newcomer("crab");
    var organization = node.organizationId(key);
    var id = node.createRunning(key);
    var scoped = scopedKey(key, id);
    var watch =
        node.instances(key)
            .watchInstance(WatchInstanceRequest.newBuilder().setInstanceId(id).build());
    watch.next();
    var upload = Upload.begin(node, key, id);

    var suspended = operator("SuspendOrganization", of(organization), 200);
    assertThat(suspended.path("standing").asText()).isEqualTo("suspended");
    Node.await(
        () ->
            failureOrNone(() -> getOrganization(key)).equals("ORGANIZATION_SUSPENDED")
                ? ""
                : "the key still works");
    assertThat(failure(() -> node.get(scoped, id))).isEqualTo(Reason.ORGANIZATION_SUSPENDED);
    assertThat(failure(() -> watch.forEachRemaining(_ -> {})))
        .isEqualTo(Reason.ORGANIZATION_SUSPENDED);
    assertThat(upload.rejection()).isEqualTo(Reason.ORGANIZATION_SUSPENDED);
    assertThat(node.host().observe(Node.sandbox(id)).endpoint()).as("the agent").isPresent();

    operator("ResumeOrganization", of(organization), 200);
    Node.await(() -> failureOrNone(() -> getOrganization(key)));
    // Each key has a cache entry of its own.
    Node.await(() -> failureOrNone(() -> node.get(scoped, id)));
    assertThat(node.get(scoped, id).getStatus()).isEqualTo(Instance.Status.running);
  }

  private static String failureOrNone(Runnable call) {
    try {
      call.run();
      return "";
    } catch (StatusRuntimeException why) {
      return ApiError.of(Objects.requireNonNull(StatusProto.fromThrowable(why))).reason().name();
    }
  }

  @Test
  void anOperatorStopsAnInstanceAndRevokesAllKeys() {
    var key = node.newcomer("crab");
    var organization = node.organizationId(key);
    var id = node.createRunning(key);
    var scoped = scopedKey(key, id);
    var stopped = operator("StopInstance", request("instance_id", id), 200);
    assertThat(stopped.path("status").asText()).isEqualTo("stopped");
    assertThat(node.get(key, id).getStatus()).isEqualTo(Instance.Status.stopped);
    operator("StopInstance", request("instance_id", "01900000-0000-7000-8000-00000000000f"), 404);
    operator("StopInstance", request("instance_id", "nonsense"), 404);

    var revoked = operator("RevokeKeys", of(organization), 200);
    assertThat(revoked.path("revoked").asInt()).isEqualTo(2);
    assertThat(failure(() -> getOrganization(key))).isEqualTo(Reason.KEY_INVALID);
    assertThat(failure(() -> node.get(scoped, id))).isEqualTo(Reason.KEY_INVALID);
    var fresh = operator("CreateOrganizationKey", of(organization), 201);
    assertThat(node.get(fresh.path("api_key").asText(), id).getStatus())
        .isEqualTo(Instance.Status.stopped);
  }

  @Test
  void anOperatorsStopWaitsUntilAFrozenGatewayHasEnded() throws Exception {
    var key = node.newcomer("crab");
    var id = node.createRunning(key);
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
    assertThat(node.awaitStatus(key, id, Instance.Status.stopped).getSleepLevel())
        .isEqualTo(Instance.SleepLevel.frozen);
    var end = node.script().holdNext(Verb.STOP);
    try (var operators = Executors.newVirtualThreadPerTaskExecutor()) {
      var stop = operators.submit(() -> operator("StopInstance", request("instance_id", id), 200));
      assertThat(end.awaitCall(Duration.ofSeconds(30))).isTrue();
      assertThatThrownBy(() -> stop.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
      end.release();
      assertThat(stop.get().path("status").asText()).isEqualTo("stopped");
    }
    assertThat(node.host().observe(Node.sandbox(id)).mainProcess())
        .isInstanceOf(MainProcess.Ended.class);
  }

  /** As after a crash between the write to the key table and the journal. */
  @Test
  void aRevocationThatACrashKeptFromTheJournalIsRecordedLater() {
    var key = node.newcomer("crab");
    var organization = node.organizationId(key);
    var scoped = scopedKey(key, node.createRunning(key));
    try (var database = node.openDatabase()) {
      var keys =
          new ApiKeys(database, new KeySettings(Duration.ZERO, 1, 1), InstantSource.system());
      var keyId = keys.authenticate(Secret.of(scoped)).orElseThrow().keyId();
      assertThat(keys.revoke(organization, keyId, "")).isTrue();
      Node.await(() -> keys.unrecorded(List.of(keyId)).isEmpty() ? "" : "unrecorded: " + keyId);
      assertThat(revocations(key)).containsExactly(keyId);
    }
  }

  private static List<String> revocations(String key) {
    return node
        .instances(key)
        .listInstanceEvents(ListInstanceEventsRequest.getDefaultInstance())
        .getEventsList()
        .stream()
        .filter(event -> event.getType().equals("key_revoked"))
        .map(Event::getMessage)
        .toList();
  }

  @Test
  void aDeletedOrganizationLeavesNoInstanceKeySecretOrSubscription() {
    var key = node.newcomer("crab");
    var organization = node.organizationId(key);
    var agents = List.of(node.createRunning(key), node.createRunning(key));
    begin(organization, customer(key), "sub_1");
    var _ =
        node.organizations(key)
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder().putModelApiKeys("custom", "k-1").build());
    assertThat(secretsOf(organization)).isPositive();

    operator("DeleteOrganization", of(organization), 400);
    operator("DeleteOrganization", request("organization_id", organization, "name", "other"), 400);
    assertThat(node.get(key, agents.getFirst()).getStatus()).isEqualTo(Instance.Status.running);
    // The first attempt to cancel fails, so the deletion is finished later.
    stripe.is(
        usual ->
            usual.to().path().startsWith("/v1/subscriptions/")
                ? usual.with(500, "{\"error\": {\"message\": \"down\"}}")
                : usual);
    operator("DeleteOrganization", deletionOf(organization), 502);
    assertThat(failure(() -> getOrganization(key))).isEqualTo(Reason.KEY_INVALID);
    assertThat(standing(organization)).isEqualTo("deleting");
    assertThat(secretsOf(organization)).as("while Stripe fails").isZero();
    stripe.isWell();
    Node.await(
        () -> standing(organization).equals("deleted") ? "" : "is " + standing(organization));

    assertThat(stripe.requests().stream().map(StubStripe.Request::path))
        .contains("/v1/subscriptions/sub_1");
    for (var id : agents) {
      Node.await(
          () -> node.host().observe(Node.sandbox(id)).homeExists() ? "the home of " + id : "");
    }
    operator("CreateOrganizationKey", of(organization), 404);
    operator("ResumeOrganization", of(organization), 404);
  }

  private static int secretsOf(String organization) {
    try (var database = node.openDatabase()) {
      return database
          .jdbi()
          .withHandle(
              handle ->
                  handle
                      .createQuery("SELECT COUNT(*) FROM secrets WHERE owner = :owner")
                      .bind("owner", organization)
                      .mapTo(Integer.class)
                      .one());
    }
  }

  private static String standing(String organization) {
    for (var one : operator("ListOrganizations", "{}", 200).path("organizations")) {
      if (one.path("id").asText().equals(organization)) return one.path("standing").asText();
    }
    throw new AssertionError("not listed: " + organization);
  }

  /** An instance releases its slot only after it replied, so simultaneous deletions wait. */
  @Test
  void theResponseOfADeletionSaysThatItIsComplete() {
    var organizations = new ArrayList<String>();
    for (int n = 0; n < 12; n++) {
      var key = node.newcomer("crab");
      organizations.add(node.organizationId(key));
      node.createRunning(key);
    }

    var standings = new ArrayList<Future<String>>();
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var id : organizations) {
        standings.add(
            callers.submit(
                () ->
                    operator("DeleteOrganization", deletionOf(id), 200).path("standing").asText()));
      }
    }

    assertThat(standings).extracting(Future::get).containsOnly("deleted");
  }

  /** A checkout may complete at any time, also while the organization is being deleted. */
  @Test
  void aSubscriptionStartedDuringACancellationIsCancelledToo() {
    var key = node.newcomer("crab");
    var organization = node.organizationId(key);
    var customer = customer(key);
    begin(organization, customer, "sub_2");
    var begun = new AtomicBoolean();
    stripe.is(
        usual -> {
          if (usual.to().path().equals("/v1/subscriptions/sub_2")
              && begun.compareAndSet(false, true)) {
            begin(organization, customer, "sub_3");
          }
          return usual;
        });
    operator("DeleteOrganization", deletionOf(organization), 200);
    Node.await(
        () -> standing(organization).equals("deleted") ? "" : "is " + standing(organization));
    stripe.isWell();
    assertThat(stripe.requests().stream().map(StubStripe.Request::path))
        .contains("/v1/subscriptions/sub_2", "/v1/subscriptions/sub_3");
  }

  /** Starts a checkout and returns Stripe's customer id. */
  private static String customer(String key) {
    var checkout = dev.chowder.api.v1.CreateCheckoutRequest.newBuilder().setTier("lobster").build();
    var _ = node.subscriptions(key).createCheckout(checkout);
    return node.subscriptions(key)
        .getSubscription(dev.chowder.api.v1.GetSubscriptionRequest.getDefaultInstance())
        .getStripeCustomerId();
  }

  /** Completes a checkout. */
  private static void begin(String organization, String customer, String subscription) {
    var body =
        SignedEvent.completed(
            "evt_" + subscription,
            Instant.now().getEpochSecond(),
            organization,
            customer,
            subscription);
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("stripe-signature", Metadata.ASCII_STRING_MARSHALLER),
        SignedEvent.of(body).signature());
    var _ =
        node.subscriptions(headers)
            .receiveStripeEvent(
                dev.chowder.api.v1.ReceiveStripeEventRequest.newBuilder()
                    .setBody(HttpBody.newBuilder().setData(ByteString.copyFromUtf8(body)))
                    .build());
  }

  @Test
  void onlySensitiveReadsAndOperatorsCallsAreAudited() {
    var key = node.newcomer("crab");
    var organization = node.organizationId(key);
    var id = node.createRunning(key);
    var _ =
        node.instances(key)
            .getGatewayAccess(GetGatewayAccessRequest.newBuilder().setInstanceId(id).build());
    node.instances(key)
        .tailLogs(TailLogsRequest.newBuilder().setInstanceId(id).build())
        .forEachRemaining(_ -> {});
    var _ =
        node.instances(key)
            .rotateGatewayToken(RotateGatewayTokenRequest.newBuilder().setInstanceId(id).build());
    var _ =
        node.files(key)
            .putFileContent(
                PutFileContentRequest.newBuilder()
                    .setInstanceId(id)
                    .setPath("a.txt")
                    .setContent("x")
                    .build());
    var _ =
        node.files(key)
            .getFileContent(
                GetFileContentRequest.newBuilder().setInstanceId(id).setPath("a.txt").build());
    node.files(key)
        .downloadFile(DownloadFileRequest.newBuilder().setInstanceId(id).setPath("a.txt").build())
        .forEachRemaining(_ -> {});
    var audit = operator("ListAuditEntries", of(organization), 200).path("entries");
    assertThat(audit)
        .extracting(entry -> entry.path("action").asText())
        .containsExactly(
            "DownloadFile",
            "GetFileContent",
            "RotateGatewayToken",
            "TailLogs",
            "GetGatewayAccess",
            "operator/SetTier");
    for (var entry : audit) {
      if (entry.path("action").asText().startsWith("operator/")) continue;
      assertThat(entry.path("instance_id").asText()).isEqualTo(id);
      assertThat(entry.path("key_id").asText()).isNotEmpty();
      assertThat(entry.path("address").asText()).isEqualTo("127.0.0.1");
      assertThat(entry.path("times").asInt()).isEqualTo(1);
    }
    operator("ListAuditEntries", request("page_size", "0"), 400);
    operator("ListAuditEntries", request("page_size", "1001"), 400);
    var page =
        operator(
            "ListAuditEntries", request("page_size", "1", "organization_id", organization), 200);
    assertThat(page.path("entries")).hasSize(1);
    var next =
        operator(
            "ListAuditEntries",
            request(
                "page_token",
                page.path("next_page_token").asText(),
                "organization_id",
                organization),
            200);
    assertThat(next.path("entries")).hasSize(audit.size() - 1);
    assertThat(next.path("next_page_token").asText()).isEmpty();
  }

  @Test
  void failedAuthenticationsAreCountedPerAddress() {
    for (int n = 0; n < 5; n++) {
      assertThat(failure(() -> getOrganization("chd_org_" + "x".repeat(43))))
          .isEqualTo(Reason.KEY_INVALID);
    }
    awaitFailures("authentication_failed", 5);
    for (int n = 0; n < 3; n++) {
      assertThat(node.operator("ListOrganizations", "{}", "chd_op_wrong").statusCode())
          .isEqualTo(401);
    }
    awaitFailures("operator_authentication_failed", 3);
  }

  private static void awaitFailures(String action, int expected) {
    Node.await(
        () -> {
          int times = 0;
          for (var entry :
              operator("ListAuditEntries", request("page_size", "1000"), 200).path("entries")) {
            if (entry.path("action").asText().equals(action)
                && entry.path("address").asText().equals("127.0.0.1")) {
              times += entry.path("times").asInt();
            }
          }
          return times >= expected ? "" : "counted " + times;
        });
  }
}

package dev.chowder.server.crash;

import static dev.chowder.server.operator.OperatorCalls.request;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.GetSubscriptionRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.ListPairingsRequest;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc.OrganizationServiceBlockingStub;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.ReceiveStripeEventRequest;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.RevokeKeyRequest;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.api.v1.SubscriptionServiceGrpc.SubscriptionServiceBlockingStub;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.base.Await;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.operator.OperatorCalls;
import dev.chowder.server.subscription.SignedEvent;
import io.envoyproxy.envoy.service.auth.v3.AuthorizationGrpc;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes one organization and its one instance from sign-up to deletion, and checks the state after
 * each response. A call in progress allows both outcomes; its acknowledgement leaves one.
 */
public final class LifecycleRun {
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(30);
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(10);

  /** Codes of gRPC's client for a lost connection. The server itself never returns them. */
  private static final Set<Status.Code> CONNECTION_LOST =
      EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.UNKNOWN);

  /** A final state of an instance. */
  enum EndState {
    /** The instance and all of its resources are deleted. */
    GONE,
    RUNNING,
    STOPPED,
    ERROR
  }

  /** The acknowledged calls. */
  public enum Ask {
    SIGN_UP,
    SET_UP,
    CREATE,
    STOP,
    START,
    RESTART,
    ROTATE,
    DELETE
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path home;
  private final Disk disk;
  private final String modelUrl;
  private final Consumer<Ask> acknowledged;
  private Set<EndState> endStates = EnumSet.of(EndState.GONE);
  private Set<String> names = new HashSet<>(Set.of("Crash"));
  private Set<Boolean> keyed = new HashSet<>(Set.of(false));
  private @Nullable String key;
  private @Nullable String organizationId;
  private @Nullable String instanceId;
  private @Nullable String token;
  private boolean marked;
  private boolean channel;
  private boolean suspended;
  private boolean leaving;
  private int revision;

  /**
   * Prepares a scenario.
   *
   * @param acknowledged called at once for each acknowledgement
   */
  public LifecycleRun(Path home, String modelUrl, Consumer<Ask> acknowledged) {
    this.home = home;
    this.disk = new Disk(ServerProcess.sandboxes(home));
    this.modelUrl = modelUrl;
    this.acknowledged = acknowledged;
  }

  Disk disk() {
    return disk;
  }

  String sandbox() {
    return "sb-" + id();
  }

  String id() {
    if (instanceId == null) throw new IllegalStateException("no instance yet");
    return instanceId;
  }

  String organization() {
    if (organizationId == null) throw new IllegalStateException("not signed up yet");
    return organizationId;
  }

  /** Runs the complete scenario. Throws {@link ServerDied} if the server dies. */
  void live(KillableServer server) {
    begin(server);
    subscribe(server);
    useScopedKey(server);
    reconfigure(server);
    rotate(server);
    connect(server);
    authorizeAsEnvoy(server);
    suspend(server);
    stop(server);
    awaitSteady(server);
    awaitPagedOut(server);
    start(server);
    awaitSteady(server);
    restart(server);
    awaitSteady(server);
    forgetKeys(server);
    delete(server);
    awaitSteady(server);
    deleteOrganization(server);
  }

  /** Runs until the instance is running. */
  public void begin(KillableServer server) {
    prepare(server);
    create(server);
    awaitSteady(server);
    mark();
    readLogs(server);
    writeNote(server);
  }

  /** Runs until the organization may create an instance. */
  void prepare(KillableServer server) {
    signUp(server);
    setUp(server);
  }

  private void signUp(KillableServer server) {
    var answer =
        call(
            server,
            () ->
                OrganizationServiceGrpc.newBlockingStub(server.channel())
                    .withDeadlineAfter(CALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .signUp(SignUpRequest.newBuilder().setName("Crash").build()));
    key = answer.getApiKey();
    organizationId = answer.getOrganization().getId();
    acknowledged.accept(Ask.SIGN_UP);
  }

  private void setUp(KillableServer server) {
    promote(server);
    keyed.add(true);
    names.add("Crash and return");
    call(
        server,
        () ->
            organizations(server)
                .updateOrganization(
                    UpdateOrganizationRequest.newBuilder()
                        .setName("Crash and return")
                        .putModelApiKeys("custom", "sk-of-nobody")
                        .setModelEndpoints(endpoints(Value.newBuilder().setStructValue(endpoint())))
                        .build()));
    keyed = new HashSet<>(Set.of(true));
    names = new HashSet<>(Set.of("Crash and return"));
    acknowledged.accept(Ask.SET_UP);
  }

  private Struct endpoint() {
    return Struct.newBuilder()
        .putFields("base_url", Value.newBuilder().setStringValue(modelUrl).build())
        .putFields("model", Value.newBuilder().setStringValue("any").build())
        .build();
  }

  private static Struct endpoints(Value.Builder custom) {
    return Struct.newBuilder().putFields("custom", custom.build()).build();
  }

  /** Raises the tier by an operator's call, which returns the organization. */
  void promote(KillableServer server) {
    operate(server, "SetTier", request("organization_id", organization(), "tier", "crab"));
  }

  /**
   * Suspends the organization, which rotates the token, and ends the suspension. It may be
   * suspended until a resume is acknowledged.
   */
  private void suspend(KillableServer server) {
    var previous = token;
    token = null;
    suspended = true;
    operate(server, "SuspendOrganization", request("organization_id", organization()));
    resume(server);
    Await.untilSolved(
        SETTLE_LIMIT, () -> gatewayToken(server).equals(previous) ? "token: not rotated" : "");
    token = gatewayToken(server);
  }

  private void resume(KillableServer server) {
    operate(server, "ResumeOrganization", request("organization_id", organization()));
    suspended = false;
  }

  /**
   * Deletes the organization by an operator's call. After a crash the server completes the
   * deletion.
   */
  void deleteOrganization(KillableServer server) {
    leaving = true;
    if (!standing(server).equals("deleted")) {
      operate(
          server,
          "DeleteOrganization",
          request("organization_id", organization(), "name", "Crash and return"));
    }
    Await.untilSolved(
        SETTLE_LIMIT,
        () -> standing(server).equals("deleted") ? "" : standing(server),
        server::tail);
  }

  private String standing(KillableServer server) {
    try {
      for (var one :
          JSON.readTree(operate(server, "ListOrganizations", "{}")).path("organizations")) {
        if (one.path("id").asText().equals(organizationId)) return one.path("standing").asText();
      }
      return "not listed";
    } catch (JsonProcessingException why) {
      throw new AssertionError(why);
    }
  }

  /** Calls an RPC of the operator port. */
  private String operate(KillableServer server, String rpc, String request) {
    try {
      var answer = OperatorCalls.send(server.operatorPort(), operatorToken(), rpc, request);
      if (answer.statusCode() != 200) {
        // The last threads of a dead node may still respond, with an error.
        if (server.hasEnded()) throw new ServerDied(new IllegalStateException(answer.body()));
        throw new AssertionError(rpc + ": " + answer.statusCode() + " " + answer.body());
      }
      return answer.body();
    } catch (StatusRuntimeException broken) {
      if (server.endsWithin(DEATH_LIMIT)) throw new ServerDied(broken);
      throw broken;
    }
  }

  String operatorToken() {
    return tokenIn("operator.token");
  }

  private String tokenIn(String file) {
    try {
      return Files.readString(home.resolve(file)).strip();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  /** Requests a route as Envoy does for a webhook, whose channel plugin has its own port. */
  private void authorizeAsEnvoy(KillableServer server) {
    var headers = new Metadata();
    headers.put(EnvoyToken.HEADER, tokenIn("envoy.token"));
    var authorization =
        AuthorizationGrpc.newBlockingStub(server.channel())
            .withDeadlineAfter(CALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    var question = CheckRequest.newBuilder();
    var attributes = question.getAttributesBuilder();
    attributes
        .getSourceBuilder()
        .getAddressBuilder()
        .getSocketAddressBuilder()
        .setAddress("127.0.0.1");
    attributes
        .getRequestBuilder()
        .getHttpBuilder()
        .setMethod("POST")
        .setHost(id() + ".localhost")
        .setPath("/api/messages");
    var answer = call(server, () -> authorization.check(question.build()));
    if (!answer.hasOkResponse()) throw new AssertionError("webhook: " + answer);
  }

  /** Subscribes to the current tier, so that nothing else changes. */
  private void subscribe(KillableServer server) {
    call(
        server,
        () ->
            subscriptions(server)
                .withCallCredentials(credentials())
                .createCheckout(CreateCheckoutRequest.newBuilder().setTier("crab").build()));
    var subscription =
        call(
            server,
            () ->
                subscriptions(server)
                    .withCallCredentials(credentials())
                    .getSubscription(GetSubscriptionRequest.getDefaultInstance()));
    var event =
        SignedEvent.of(
            SignedEvent.completed(
                "evt_1",
                Instant.now().getEpochSecond(),
                organization(),
                subscription.getStripeCustomerId(),
                "sub_1",
                "crab",
                "paid"));
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("stripe-signature", Metadata.ASCII_STRING_MARSHALLER), event.signature());
    var body =
        HttpBody.newBuilder()
            .setContentType("application/json")
            .setData(ByteString.copyFromUtf8(event.body()));
    call(
        server,
        () ->
            subscriptions(server)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .receiveStripeEvent(ReceiveStripeEventRequest.newBuilder().setBody(body).build()));
  }

  private static SubscriptionServiceBlockingStub subscriptions(KillableServer server) {
    return SubscriptionServiceGrpc.newBlockingStub(server.channel())
        .withDeadlineAfter(CALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void create(KillableServer server) {
    endStates.add(EndState.RUNNING);
    instanceId = create(server, instances(server));
    endStates = EnumSet.of(EndState.RUNNING);
    acknowledged.accept(Ask.CREATE);
  }

  /** Creates the instance with an idempotency key, so that retries create it once. */
  void createOnce(KillableServer server, String idempotencyKey) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER), idempotencyKey);
    endStates.add(EndState.RUNNING);
    var id =
        create(
            server,
            instances(server).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)));
    if (instanceId != null && !instanceId.equals(id)) {
      throw new AssertionError("instance: must be " + instanceId + "; got " + id);
    }
    instanceId = id;
    endStates = EnumSet.of(EndState.RUNNING);
  }

  private static String create(KillableServer server, InstanceServiceBlockingStub instances) {
    return call(
            server,
            () ->
                instances.createInstance(
                    CreateInstanceRequest.newBuilder()
                        .setName("one")
                        .setModelProvider("custom")
                        .build()))
        .getId();
  }

  void mark() {
    try {
      disk.mark(sandbox());
      marked = true;
      token = disk.token(sandbox());
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private void readLogs(KillableServer server) {
    call(
        server,
        () -> {
          instances(server)
              .tailLogs(TailLogsRequest.newBuilder().setInstanceId(id()).setLines(10).build())
              .forEachRemaining(_ -> {});
          return true;
        });
  }

  /** Writes a file. An acknowledged file must exist. */
  void writeNote(KillableServer server) {
    var files = asCaller(FileServiceGrpc.newBlockingStub(server.channel()));
    var note =
        PutFileContentRequest.newBuilder().setInstanceId(id()).setPath("a/note").setContent("kept");
    call(server, () -> files.putFileContent(note.build()));
    var wanted = GetFileContentRequest.newBuilder().setInstanceId(id()).setPath("a/note").build();
    var read = call(server, () -> files.getFileContent(wanted)).getContent();
    if (!read.equals("kept")) throw new AssertionError("note: must be kept; got " + read);
  }

  /** Creates a scoped key and revokes it. */
  private void useScopedKey(KillableServer server) {
    var keys = asCaller(KeyServiceGrpc.newBlockingStub(server.channel()));
    var wanted =
        CreateKeyRequest.newBuilder()
            .setName("lent")
            .addInstanceIds(id())
            .addPermissions(Key.Permission.read)
            .build();
    var lent = call(server, () -> keys.createKey(wanted));
    var end = RevokeKeyRequest.newBuilder().setKeyId(lent.getId()).build();
    call(server, () -> keys.revokeKey(end));
  }

  /** Changes the name, and sets an override that the running gateway must apply. */
  private void reconfigure(KillableServer server) {
    var config =
        Struct.newBuilder()
            .putFields("logging.level", Value.newBuilder().setStringValue("debug").build())
            .build();
    int before =
        call(
                server,
                () ->
                    instances(server)
                        .updateInstance(
                            UpdateInstanceRequest.newBuilder()
                                .setInstanceId(id())
                                .setName("other")
                                .setOpenclawConfig(config)
                                .build()))
            .getRevision();
    Await.untilSolved(
        SETTLE_LIMIT,
        () -> get(server).getRevision() > before ? "" : "config: not applied at " + before);
  }

  /**
   * Rotates the token. Until the acknowledgement either token may be valid; gateway and response
   * must agree.
   */
  private void rotate(KillableServer server) {
    var previous = token;
    token = null;
    var request = RotateGatewayTokenRequest.newBuilder().setInstanceId(id()).build();
    var answer = call(server, () -> instances(server).rotateGatewayToken(request));
    if (answer.getGatewayToken().equals(previous))
      throw new AssertionError("token: must be a new one; got the previous one");
    token = answer.getGatewayToken();
    acknowledged.accept(Ask.ROTATE);
  }

  /** Connects a channel and approves a user. Both must exist once they are acknowledged. */
  private void connect(KillableServer server) {
    var channels = asCaller(ChannelServiceGrpc.newBlockingStub(server.channel()));
    var connection =
        ConnectChannelRequest.newBuilder()
            .setInstanceId(id())
            .setChannel("telegram")
            .putConfig("token", "123456789:eager-eager");
    var connected = call(server, () -> channels.connectChannel(connection.build()));
    if (connected.getStatus() != ConnectChannelResponse.Status.connected) {
      throw new AssertionError("channel: " + connected);
    }
    var waiting =
        call(
            server,
            () ->
                channels.listPairings(
                    ListPairingsRequest.newBuilder()
                        .setInstanceId(id())
                        .setChannel("telegram")
                        .build()));
    if (waiting.getPairingsCount() != 1) throw new AssertionError("waiting: " + waiting);
    var pair =
        PairChannelRequest.newBuilder()
            .setInstanceId(id())
            .setChannel("telegram")
            .setCode("CODE0001");
    call(server, () -> channels.pairChannel(pair.build()));
    channel = true;
  }

  public void stop(KillableServer server) {
    endStates.add(EndState.STOPPED);
    var request = StopInstanceRequest.newBuilder().setInstanceId(id()).setWait(0).build();
    call(server, () -> instances(server).stopInstance(request));
    endStates = EnumSet.of(EndState.STOPPED);
    acknowledged.accept(Ask.STOP);
  }

  /** Waits until the memory of the stopped gateway is in swap. */
  void awaitPagedOut(KillableServer server) {
    Await.untilSolved(
        SETTLE_LIMIT,
        () -> {
          var level = get(server).getSleepLevel();
          return level == Instance.SleepLevel.paged_out ? "" : "sleep level: " + level;
        },
        server::tail);
  }

  public void start(KillableServer server) {
    endStates.add(EndState.RUNNING);
    var request = StartInstanceRequest.newBuilder().setInstanceId(id()).setWait(0).build();
    call(server, () -> instances(server).startInstance(request));
    endStates = EnumSet.of(EndState.RUNNING);
    acknowledged.accept(Ask.START);
  }

  private void restart(KillableServer server) {
    int before = get(server).getRevision();
    var request = RestartInstanceRequest.newBuilder().setInstanceId(id()).setWait(0).build();
    call(server, () -> instances(server).restartInstance(request));
    // An acknowledged restart is never lost. The stop alone is one change, the start three.
    revision = before + 5;
    acknowledged.accept(Ask.RESTART);
  }

  /** Recovers a failed instance. The slot must be right whether or not the call is rejected. */
  void recover(KillableServer server) {
    endStates.add(EndState.RUNNING);
    var request = RecoverInstanceRequest.newBuilder().setInstanceId(id()).setWait(0).build();
    call(server, () -> instances(server).recoverInstance(request));
    endStates = EnumSet.of(EndState.RUNNING);
  }

  private void forgetKeys(KillableServer server) {
    keyed.add(false);
    call(
        server,
        () ->
            organizations(server)
                .updateOrganization(
                    UpdateOrganizationRequest.newBuilder()
                        .putModelApiKeys("custom", "")
                        .setModelEndpoints(
                            endpoints(Value.newBuilder().setNullValue(NullValue.NULL_VALUE)))
                        .build()));
    keyed = new HashSet<>(Set.of(false));
  }

  void delete(KillableServer server) {
    endStates.add(EndState.GONE);
    call(
        server,
        () ->
            instances(server)
                .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id()).build()));
    endStates = EnumSet.of(EndState.GONE);
    acknowledged.accept(Ask.DELETE);
  }

  /** The home volume was removed outside Chowder, which must not be repaired silently. */
  void expectError() {
    endStates = EnumSet.of(EndState.ERROR);
    marked = false;
  }

  /** Waits until the state matches all acknowledgements, and checks that it stays so. */
  public void awaitSteady(KillableServer server) {
    if (key == null) return;
    if (suspended) resume(server);
    if (leaving) {
      deleteOrganization(server);
      return;
    }
    Await.untilSolved(
        SETTLE_LIMIT,
        () -> {
          try {
            return problem(server);
          } catch (IOException changing) {
            return changing.toString();
          }
        },
        server::tail);
  }

  /**
   * Waits until the journal records the removal. Before that, the deletion has a pending effect.
   */
  void awaitRemoved(KillableServer server) {
    var removed = "instance=" + instanceId + " event=SandboxRemoved";
    Await.untilSolved(
        SETTLE_LIMIT, () -> server.tail().contains(removed) ? "" : "not removed", server::tail);
  }

  /** Completes the scenario, because a recovered instance must work until its deletion. */
  public void finish(KillableServer server) {
    if (key == null || instanceId == null || leaving) return;
    if (endStates.contains(EndState.RUNNING)) {
      stop(server);
      awaitSteady(server);
    }
    if (endStates.contains(EndState.STOPPED)) {
      start(server);
      awaitSteady(server);
    }
    if (!endStates.contains(EndState.GONE)) delete(server);
    awaitSteady(server);
  }

  /** Returns the first mismatch; empty if there is none. */
  private String problem(KillableServer server) throws IOException {
    var organization =
        call(
            server,
            () ->
                organizations(server).getOrganization(GetOrganizationRequest.getDefaultInstance()));
    if (!names.contains(organization.getName())) return "name: " + organization.getName();
    if (!keyed.contains(organization.getModelProvidersList().contains("custom"))) {
      return "providers: " + organization.getModelProvidersList();
    }
    var list =
        call(
                server,
                () -> instances(server).listInstances(ListInstancesRequest.getDefaultInstance()))
            .getInstancesList();
    if (list.size() > 1) return "instances: must be at most 1; got " + list.size();
    return list.isEmpty()
        ? problemOfNone(server, organization.getInstanceCount())
        : problemOf(server, list.getFirst(), organization.getInstanceCount());
  }

  private String problemOfNone(KillableServer server, int slots) throws IOException {
    if (!endStates.contains(EndState.GONE))
      return "instance: must be one of " + endStates + "; got none listed";
    if (instanceId != null && find(server).isPresent()) return "instance: not listed, but there";
    if (slots != 0) return "slots: must be 0 without an instance; got " + slots;
    if (!disk.entries().isEmpty()) return "left behind: " + disk.entries();
    endStates = EnumSet.of(EndState.GONE);
    return "";
  }

  private String problemOf(KillableServer server, Instance listed, int slots) throws IOException {
    if (instanceId == null) instanceId = listed.getId();
    if (!listed.getId().equals(instanceId)) return "another instance: " + listed.getId();
    // Right after a start, a row may still be older than the last event of the process that died.
    var found = find(server);
    if (found.isEmpty()) return "listed, but not there: " + listed.getId();
    var got = found.get();
    if (!got.equals(listed)) return "listed: " + listed + "\ngot: " + got;
    if (got.getStatus() != got.getDesiredStatus()) return "in progress: " + got;
    var endState = endState(got);
    if (!endStates.contains(endState))
      return "status: must be one of " + endStates + "; got " + got.getStatus();
    if (got.getRevision() < revision) return "revision: " + got.getRevision() + " < " + revision;
    long stages = got.getStagesList().stream().map(s -> s.getName()).distinct().count();
    if (stages != got.getStagesCount()) return "a stage twice: " + got.getStagesList();
    int held = endState == EndState.ERROR ? 0 : 1;
    if (slots != held) return "slots: must be " + held + "; got " + slots;
    var where = endState == EndState.ERROR ? Set.<String>of() : Set.of(sandbox());
    if (!disk.entries().equals(where)) return "homes: must be " + where + "; got " + disk.entries();
    if (disk.runs(sandbox()) != (endState == EndState.RUNNING))
      return "process: contradicts " + endState;
    if (marked && !disk.isMarked(sandbox())) return "home: what the agent wrote is lost";
    if (channel && !disk.config(sandbox()).contains("123456789:eager-eager")) {
      return "channel: not in the home";
    }
    if (endState != EndState.ERROR) {
      var active = gatewayToken(server);
      if (!active.equals(disk.token(sandbox()))) return "token: differs";
      if (token != null && !active.equals(token)) return "token: another one";
    }
    revision = got.getRevision();
    endStates = EnumSet.of(endState);
    return "";
  }

  private static EndState endState(Instance instance) {
    return switch (instance.getStatus()) {
      case running -> EndState.RUNNING;
      case stopped -> EndState.STOPPED;
      case terminated -> EndState.GONE;
      case error -> EndState.ERROR;
      case provisioning, unspecified, UNRECOGNIZED ->
          throw new AssertionError("steady state: " + instance);
    };
  }

  private String gatewayToken(KillableServer server) {
    var request = GetGatewayAccessRequest.newBuilder().setInstanceId(id()).build();
    return call(server, () -> instances(server).getGatewayAccess(request)).getGatewayToken();
  }

  private Instance get(KillableServer server) {
    var request = GetInstanceRequest.newBuilder().setInstanceId(id()).build();
    return call(server, () -> instances(server).getInstance(request));
  }

  private Optional<Instance> find(KillableServer server) {
    try {
      return Optional.of(get(server));
    } catch (StatusRuntimeException refused) {
      if (refused.getStatus().getCode() == Status.Code.NOT_FOUND) return Optional.empty();
      throw refused;
    }
  }

  /** Performs a call. Throws {@link ServerDied} if the server dies meanwhile. */
  static <T> T call(KillableServer server, Supplier<T> rpc) {
    try {
      return rpc.get();
    } catch (StatusRuntimeException broken) {
      if (CONNECTION_LOST.contains(broken.getStatus().getCode())
          && server.endsWithin(DEATH_LIMIT)) {
        throw new ServerDied(broken);
      }
      if (broken.getStatus().getCode() == Status.Code.INTERNAL) {
        // The caller only gets a request id; the cause is in the server's log.
        throw new AssertionError(
            "an internal error; the server's last lines:\n" + server.tail(), broken);
      }
      throw broken;
    }
  }

  OrganizationServiceBlockingStub organizations(KillableServer server) {
    return asCaller(OrganizationServiceGrpc.newBlockingStub(server.channel()));
  }

  InstanceServiceBlockingStub instances(KillableServer server) {
    return asCaller(InstanceServiceGrpc.newBlockingStub(server.channel()));
  }

  private <S extends AbstractStub<S>> S asCaller(S stub) {
    return stub.withCallCredentials(credentials())
        .withDeadlineAfter(CALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  CallCredentials credentials() {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    return new CallCredentials() {
      @Override
      public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier to) {
        to.apply(headers);
      }
    };
  }
}

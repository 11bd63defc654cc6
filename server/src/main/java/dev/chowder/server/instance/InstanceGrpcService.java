package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.shown;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.api.HttpBody;
import com.google.protobuf.Empty;
import com.google.protobuf.Struct;
import dev.chowder.admission.Admission;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateResponseRequest;
import dev.chowder.api.v1.CreateSessionResponseRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.DeleteSessionRequest;
import dev.chowder.api.v1.GatewayAccess;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.GetInstanceStatusRequest;
import dev.chowder.api.v1.GetSessionRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceStatus;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstanceEventsResponse;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.ListInstancesResponse;
import dev.chowder.api.v1.ListSessionsRequest;
import dev.chowder.api.v1.ListSessionsResponse;
import dev.chowder.api.v1.LogLine;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.SessionHistory;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.api.v1.WatchInstancesRequest;
import dev.chowder.base.Ids;
import dev.chowder.creation.InstanceCreation;
import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.Overrides;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.OverridesChange;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.call.SharedPermits;
import dev.chowder.server.call.StructJson;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.idempotency.NewId;
import dev.chowder.server.watch.FleetWatch;
import dev.chowder.server.watch.FleetWatchSettings;
import dev.chowder.server.watch.FleetWatches;
import dev.chowder.server.watch.WatchStream;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.InstanceRows;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Serves {@code InstanceService}: reads the request, asks the instance and presents its state. Each
 * call has its own virtual thread and may block.
 */
public final class InstanceGrpcService extends InstanceServiceGrpc.InstanceServiceImplBase {
  /** Longest wait until a slot is released, which normally takes milliseconds. */
  static final Duration SLOT_TIMEOUT = Duration.ofSeconds(10);

  private final InstanceRequests requests;
  private final InstancePresenter presenter;
  private final InstanceClient client;
  private final InstanceRows rows;
  private final EventRows events;
  private final Admission admission;
  private final InstanceCreation creation;
  private final InstanceRecovery recovery;
  private final Overrides overrides;
  private final ConfigChanges changes;
  private final ResponsesProxy responses;
  private final InstanceSessions sessions;
  private final SandboxDriver driver;
  private final KnownSecrets known;
  private final SharedPermits logPermits;
  private final InstanceAccess access;
  private final FleetWatches fleets;
  private final Clock clock;

  public InstanceGrpcService(
      InstanceRequests requests,
      InstancePresenter presenter,
      InstanceClient client,
      InstanceRows rows,
      EventRows events,
      Admission admission,
      InstanceCreation creation,
      Overrides overrides,
      ConfigChanges changes,
      ResponsesProxy responses,
      InstanceSessions sessions,
      SandboxDriver driver,
      GatewayTokens tokens,
      KnownSecrets known,
      SharedPermits logPermits,
      FleetWatchSettings watches,
      Clock clock) {
    this.requests = requests;
    this.presenter = presenter;
    this.client = client;
    this.rows = rows;
    this.events = events;
    this.admission = admission;
    this.creation = creation;
    this.recovery = new InstanceRecovery(client, admission, driver, clock);
    this.overrides = overrides;
    this.changes = changes;
    this.responses = responses;
    this.sessions = sessions;
    this.driver = driver;
    this.known = known;
    this.logPermits = logPermits;
    this.access = new InstanceAccess(client, tokens, presenter::gatewayUrl, clock);
    this.fleets = new FleetWatches(events, rows, new Fleet(), watches, clock);
    this.clock = clock;
  }

  /** Recovers a failed instance for an operator. */
  public BulkRecovery bulkRecovery() {
    return new BulkRecovery(rows, recovery, driver);
  }

  @Override
  public void createInstance(CreateInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var newId = NewId.current();
    var created =
        creation
            .createdBefore(caller.organizationId(), newId)
            .orElseGet(
                () -> {
                  var wanted = requests.creation(request);
                  wanted.openclawConfig().ifPresent(this::check);
                  return creation.create(caller.requester(), newId, wanted);
                });
    answer(out, present(created));
  }

  @Override
  public void listInstances(
      ListInstancesRequest request, StreamObserver<ListInstancesResponse> out) {
    var wanted = requests.listing(request);
    // One more row than requested shows whether there is another page.
    var page =
        rows.list(
            Caller.current().organizationId(),
            wanted.filter(),
            wanted.pageSize() + 1,
            wanted.after());
    var shown = page.stream().limit(wanted.pageSize()).map(InstanceReadRows::view).toList();
    var configs = overrides.shown(holding(shown));
    var response = ListInstancesResponse.newBuilder();
    shown.forEach(view -> response.addInstances(presenter.instance(view, config(configs, view))));
    if (page.size() > wanted.pageSize()) {
      response.setNextPageToken(page.get(wanted.pageSize() - 1).position());
    }
    answer(out, response.build());
  }

  @Override
  public void listInstanceEvents(
      ListInstanceEventsRequest request, StreamObserver<ListInstanceEventsResponse> out) {
    var wanted = requests.history(request);
    var organization = Caller.current().organizationId();
    long before = wanted.before().orElse(Long.MAX_VALUE);
    int oneMore = wanted.pageSize() + 1;
    var page =
        wanted
            .instanceId()
            .map(InstanceId::new)
            .map(
                id ->
                    events.ofEntity(
                        organization, EventPresenter.persistenceId(id), before, oneMore))
            .orElseGet(() -> events.ofOrganization(organization, before, oneMore));
    // An instance that ever existed has at least one event.
    boolean unknown = page.isEmpty() && wanted.before().isEmpty();
    if (unknown && wanted.instanceId().isPresent()) throw ApiError.instanceNotFound();
    var response = ListInstanceEventsResponse.newBuilder();
    page.stream().limit(wanted.pageSize()).map(EventPresenter::event).forEach(response::addEvents);
    if (page.size() > wanted.pageSize()) {
      response.setNextPageToken(response.getEvents(wanted.pageSize() - 1).getId());
    }
    answer(out, response.build());
  }

  @Override
  public void getInstance(GetInstanceRequest request, StreamObserver<Instance> out) {
    answer(out, present(client.get(Caller.current(), id(request.getInstanceId()))));
  }

  @Override
  public void getInstanceStatus(
      GetInstanceStatusRequest request, StreamObserver<InstanceStatus> out) {
    answer(out, presenter.status(client.get(Caller.current(), id(request.getInstanceId()))));
  }

  @Override
  public void updateInstance(UpdateInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var change = requests.change(request);
    var id = new InstanceId(change.instanceId());
    var patch = change.openclawConfig();
    var view =
        patch.isPresent()
            ? patched(caller, id, change, patch.get())
            : client.send(caller, id, update(caller, change, Optional.empty()));
    answer(out, present(view));
  }

  private InstanceView patched(
      Caller caller, InstanceId id, InstanceRequests.Change change, ObjectNode patch) {
    // Before the change, because other changes of the instance wait during it.
    var schema = overrides.schema();
    return changes.apply(
        caller,
        id,
        (base, version) -> {
          var holding = base.profile().config().overrides();
          refusable(() -> overrides.patch(id, holding, version, patch, schema));
          return update(caller, change, Optional.of(new OverridesChange(holding, version)));
        });
  }

  private Function<ActorRef<InstanceReply>, InstanceCommand> update(
      Caller caller, InstanceRequests.Change change, Optional<OverridesChange> overrides) {
    var now = clock.instant();
    return replyTo ->
        new InstanceCommand.Update(
            caller.keyId(), change.name(), change.labels(), overrides, now, replyTo);
  }

  @Override
  public void deleteInstance(DeleteInstanceRequest request, StreamObserver<Empty> out) {
    var caller = Caller.current();
    var now = clock.instant();
    var requestId = Ids.next();
    var view =
        client.send(
            caller,
            id(request.getInstanceId()),
            replyTo -> new InstanceCommand.Delete(caller.keyId(), requestId, now, replyTo));
    var _ = client.await(view, gone -> !gone.slotHeld(), SLOT_TIMEOUT);
    answer(out, Empty.getDefaultInstance());
  }

  @Override
  public void startInstance(StartInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var verb = requests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var id = new InstanceId(verb.instanceId());
    var before = client.get(caller, id);
    // A call that joins a start in progress needs no memory of its own.
    if (isSteadyAt(Name.STOPPED).test(before)) admission.admitStart(before);
    var now = clock.instant();
    var view =
        client.send(caller, id, replyTo -> new InstanceCommand.Start(caller.keyId(), now, replyTo));
    answer(out, present(client.await(view, isSteadyAt(Name.RUNNING), verb.timeout())));
  }

  @Override
  public void stopInstance(StopInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var verb = requests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var now = clock.instant();
    var view =
        client.send(
            caller,
            new InstanceId(verb.instanceId()),
            replyTo -> new InstanceCommand.Stop(caller.keyId(), false, now, replyTo));
    answer(out, present(client.await(view, isSteadyAt(Name.STOPPED), verb.timeout())));
  }

  @Override
  public void restartInstance(RestartInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var verb = requests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var now = clock.instant();
    var view =
        client.send(
            caller,
            new InstanceId(verb.instanceId()),
            replyTo -> new InstanceCommand.Restart(caller.keyId(), now, replyTo));
    answer(out, present(client.await(view, isSteadyAt(Name.RUNNING), verb.timeout())));
  }

  @Override
  public void recoverInstance(RecoverInstanceRequest request, StreamObserver<Instance> out) {
    var verb = requests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var view = recovery.recover(Caller.current(), new InstanceId(verb.instanceId()));
    answer(out, present(client.await(view, isSteadyAt(Name.RUNNING), verb.timeout())));
  }

  @Override
  public void watchInstance(WatchInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var wanted = requests.watching(request);
    var view = client.get(caller, new InstanceId(wanted.instanceId()));
    var stream =
        new WatchStream<>(
            (ServerCallStreamObserver<Instance>) out,
            this::present,
            refused -> RejectionErrors.of(refused.why()),
            wanted.afterRevision().isPresent()
                ? Optional.of(wanted.afterRevision().getAsInt())
                : Optional.empty());
    stream.begin(listener -> client.instances().watch(view.id(), listener), client.drain());
  }

  @Override
  public void watchInstances(WatchInstancesRequest request, StreamObserver<InstanceChange> out) {
    fleets.open(
        Caller.current().organizationId(),
        requests.cursor(request),
        (ServerCallStreamObserver<InstanceChange>) out,
        client.drain());
  }

  /** Returns an instance for a watch of all instances. */
  private final class Fleet implements FleetWatch.Fleet {
    @Override
    public Optional<InstanceView> ask(InstanceId id) {
      var reply =
          ActorReplies.await(client.instances().ask(id, InstanceCommand.Get::new), "the instance");
      return reply instanceof InstanceReply.Accepted(var view)
          ? Optional.of(view)
          : Optional.empty();
    }

    @Override
    public Instance present(InstanceView view) {
      return InstanceGrpcService.this.present(view);
    }
  }

  @Override
  public void tailLogs(TailLogsRequest request, StreamObserver<LogLine> out) {
    var wanted = requests.tail(request);
    var view = client.get(Caller.current(), new InstanceId(wanted.instanceId()));
    LogStream.run(
        driver,
        view.id(),
        wanted,
        masking(view)::mask,
        (ServerCallStreamObserver<LogLine>) out,
        client.drain(),
        logPermits.acquire(view.profile().organizationId()));
  }

  private KnownSecrets.Masking masking(InstanceView view) {
    var config = view.profile().config();
    return known.of(
        view.id(),
        view.profile().organizationId(),
        config.overrides().version(),
        config.channels());
  }

  @Override
  public void getGatewayAccess(GetGatewayAccessRequest request, StreamObserver<GatewayAccess> out) {
    answer(out, access.get(Caller.current(), id(request.getInstanceId())));
  }

  @Override
  public void rotateGatewayToken(
      RotateGatewayTokenRequest request, StreamObserver<GatewayAccess> out) {
    answer(out, access.rotate(Caller.current(), id(request.getInstanceId())));
  }

  @Override
  public void createResponse(CreateResponseRequest request, StreamObserver<HttpBody> out) {
    respond(requests.message(request), out);
  }

  @Override
  public void createSessionResponse(
      CreateSessionResponseRequest request, StreamObserver<HttpBody> out) {
    respond(requests.message(request), out);
  }

  private void respond(InstanceRequests.Message message, StreamObserver<HttpBody> out) {
    var caller = Caller.current();
    caller.requireSession(message.sessionId());
    responses.forward(
        caller.organizationId(), message.instanceId(), message.sessionId(), message.body(), out);
  }

  @Override
  public void listSessions(ListSessionsRequest request, StreamObserver<ListSessionsResponse> out) {
    answer(out, sessions.list(Caller.current(), requests.sessions(request)));
  }

  @Override
  public void getSession(GetSessionRequest request, StreamObserver<SessionHistory> out) {
    answer(out, sessions.history(Caller.current(), requests.history(request)));
  }

  @Override
  public void deleteSession(DeleteSessionRequest request, StreamObserver<Empty> out) {
    sessions.delete(Caller.current(), requests.session(request));
    answer(out, Empty.getDefaultInstance());
  }

  private void check(ObjectNode json) {
    refusable(() -> overrides.check(json));
  }

  private static void refusable(Runnable change) {
    try {
      change.run();
    } catch (Overrides.Refused why) {
      var field = why.path().isEmpty() ? "openclaw_config" : "openclaw_config." + shown(why.path());
      throw ApiError.invalid(field, why.why());
    }
  }

  /** Returns the condition that a verb waits for. A failure ends the wait, too. */
  private static Predicate<InstanceView> isSteadyAt(Name wanted) {
    return view -> view.status().isSteady() && (view.status().now() == wanted || isOver(view));
  }

  private static boolean isOver(InstanceView view) {
    return view.status().now() == Name.ERROR || view.isTerminated();
  }

  private Instance present(InstanceView view) {
    return presenter.instance(view, config(overrides.shown(holding(List.of(view))), view));
  }

  private static Map<InstanceId, OverridesVersion> holding(List<InstanceView> views) {
    // A damaged table may show one instance twice until its rows are repaired.
    return views.stream()
        .collect(
            Collectors.toMap(
                InstanceView::id, view -> view.profile().config().overrides(), (one, _) -> one));
  }

  private static Optional<Struct> config(Map<InstanceId, ObjectNode> configs, InstanceView view) {
    return Optional.ofNullable(configs.get(view.id())).map(StructJson::toStruct);
  }

  private InstanceId id(String text) {
    return new InstanceId(requests.instanceId(text));
  }

  private static <T> void answer(StreamObserver<T> out, T message) {
    out.onNext(message);
    out.onCompleted();
  }
}

package dev.chowder.server.instance;

import static dev.chowder.server.stream.Unary.answer;

import com.google.api.HttpBody;
import com.google.protobuf.Empty;
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
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.idempotency.NewId;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * Serves {@code InstanceService}: reads the request, asks the instance and presents its state. Each
 * call has its own virtual thread and may block.
 */
public final class InstanceGrpcService extends InstanceServiceGrpc.InstanceServiceImplBase {
  private final InstancePresenter presenter;
  private final InstanceClient client;
  private final InstanceWrites writes;
  private final InstanceStarts starts;
  private final InstanceReads reads;
  private final InstanceSessions sessions;
  private final InstanceAccess access;

  public InstanceGrpcService(
      InstancePresenter presenter,
      InstanceClient client,
      InstanceWrites writes,
      InstanceStarts starts,
      InstanceReads reads,
      InstanceSessions sessions,
      InstanceAccess access) {
    this.presenter = presenter;
    this.client = client;
    this.writes = writes;
    this.starts = starts;
    this.reads = reads;
    this.sessions = sessions;
    this.access = access;
  }

  @Override
  public void createInstance(CreateInstanceRequest request, StreamObserver<Instance> out) {
    answer(out, presenter.instance(writes.create(Caller.current(), NewId.current(), request)));
  }

  @Override
  public void listInstances(
      ListInstancesRequest request, StreamObserver<ListInstancesResponse> out) {
    answer(out, reads.list(Caller.current(), request));
  }

  @Override
  public void listInstanceEvents(
      ListInstanceEventsRequest request, StreamObserver<ListInstanceEventsResponse> out) {
    answer(out, reads.events(Caller.current(), request));
  }

  @Override
  public void getInstance(GetInstanceRequest request, StreamObserver<Instance> out) {
    answer(out, presenter.instance(client.get(Caller.current(), id(request.getInstanceId()))));
  }

  @Override
  public void getInstanceStatus(
      GetInstanceStatusRequest request, StreamObserver<InstanceStatus> out) {
    answer(out, presenter.status(client.get(Caller.current(), id(request.getInstanceId()))));
  }

  @Override
  public void updateInstance(UpdateInstanceRequest request, StreamObserver<Instance> out) {
    answer(out, presenter.instance(writes.update(Caller.current(), request)));
  }

  @Override
  public void deleteInstance(DeleteInstanceRequest request, StreamObserver<Empty> out) {
    var caller = Caller.current();
    var now = client.now();
    var requestId = Ids.next();
    var view =
        client.send(
            caller,
            id(request.getInstanceId()),
            replyTo -> new InstanceCommand.Delete(caller.keyId(), requestId, now, replyTo));
    var _ = client.await(view, gone -> !gone.slotHeld(), InstanceClient.SLOT_TIMEOUT);
    answer(out, Empty.getDefaultInstance());
  }

  @Override
  public void startInstance(StartInstanceRequest request, StreamObserver<Instance> out) {
    var verb = InstanceRequests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var view = starts.start(Caller.current(), new InstanceId(verb.instanceId()));
    answer(out, awaited(view, Name.RUNNING, verb));
  }

  @Override
  public void stopInstance(StopInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var verb = InstanceRequests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var now = client.now();
    var view =
        client.send(
            caller,
            new InstanceId(verb.instanceId()),
            replyTo -> new InstanceCommand.Stop(caller.keyId(), false, now, replyTo));
    answer(out, awaited(view, Name.STOPPED, verb));
  }

  @Override
  public void restartInstance(RestartInstanceRequest request, StreamObserver<Instance> out) {
    var caller = Caller.current();
    var verb = InstanceRequests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var now = client.now();
    var view =
        client.send(
            caller,
            new InstanceId(verb.instanceId()),
            replyTo -> new InstanceCommand.Restart(caller.keyId(), now, replyTo));
    answer(out, awaited(view, Name.RUNNING, verb));
  }

  @Override
  public void recoverInstance(RecoverInstanceRequest request, StreamObserver<Instance> out) {
    var verb = InstanceRequests.verb(request.getInstanceId(), request.hasWait(), request.getWait());
    var view = starts.recover(Caller.current(), new InstanceId(verb.instanceId()));
    answer(out, awaited(view, Name.RUNNING, verb));
  }

  @Override
  public void watchInstance(WatchInstanceRequest request, StreamObserver<Instance> out) {
    reads.watch(Caller.current(), request, (ServerCallStreamObserver<Instance>) out);
  }

  @Override
  public void watchInstances(WatchInstancesRequest request, StreamObserver<InstanceChange> out) {
    reads.watchAll(Caller.current(), request, (ServerCallStreamObserver<InstanceChange>) out);
  }

  @Override
  public void tailLogs(TailLogsRequest request, StreamObserver<LogLine> out) {
    reads.tailLogs(Caller.current(), request, (ServerCallStreamObserver<LogLine>) out);
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
    sessions.respond(Caller.current(), InstanceRequests.message(request), out);
  }

  @Override
  public void createSessionResponse(
      CreateSessionResponseRequest request, StreamObserver<HttpBody> out) {
    sessions.respond(Caller.current(), InstanceRequests.message(request), out);
  }

  @Override
  public void listSessions(ListSessionsRequest request, StreamObserver<ListSessionsResponse> out) {
    answer(out, sessions.list(Caller.current(), InstanceRequests.sessions(request)));
  }

  @Override
  public void getSession(GetSessionRequest request, StreamObserver<SessionHistory> out) {
    answer(out, sessions.history(Caller.current(), InstanceRequests.history(request)));
  }

  @Override
  public void deleteSession(DeleteSessionRequest request, StreamObserver<Empty> out) {
    sessions.delete(Caller.current(), InstanceRequests.session(request));
    answer(out, Empty.getDefaultInstance());
  }

  private Instance awaited(InstanceView view, Name wanted, InstanceRequests.Verb verb) {
    return presenter.instance(
        client.await(view, InstanceClient.isSteadyAt(wanted), verb.timeout()));
  }

  private static InstanceId id(String text) {
    return new InstanceId(InstanceRequests.instanceId(text));
  }
}

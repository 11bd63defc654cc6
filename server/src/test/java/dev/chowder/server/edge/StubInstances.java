package dev.chowder.server.edge;

import com.google.api.HttpBody;
import com.google.protobuf.Empty;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateResponseRequest;
import dev.chowder.api.v1.CreateSessionResponseRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.GetInstanceStatusRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceStatus;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.ListInstancesResponse;
import dev.chowder.api.v1.LogLine;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.base.Ids;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.instance.InstanceRequests;
import dev.chowder.server.stream.Sink;
import io.grpc.stub.StreamObserver;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Keeps instances in a map behind the real request rules. A create's name decides its result. */
final class StubInstances extends InstanceServiceGrpc.InstanceServiceImplBase {
  /** Text of an unexpected exception that no caller may see. */
  static final String SECRET_OF_THE_BUG = "s3cr3t-of-the-bug";

  /** Name prefix of a create whose error reveals too much, as no error may. */
  static final String LEAK = "leak: ";

  final Map<String, Instance> known = new ConcurrentHashMap<>();
  final CountDownLatch secondMessage = new CountDownLatch(1);
  private final InstanceRequests requests;
  private final ResponsesProxy proxy;

  StubInstances(InstanceRequests requests, ResponsesProxy proxy) {
    this.requests = requests;
    this.proxy = proxy;
  }

  @Override
  public void createInstance(CreateInstanceRequest r, StreamObserver<Instance> out) {
    var wanted = requests.creation(r);
    if (wanted.name().startsWith(LEAK)) {
      throw ApiError.invalid("name", leaked(wanted.name().substring(LEAK.length())));
    }
    switch (wanted.name()) {
      case "limit" ->
          throw ApiError.of(
              Reason.INSTANCE_LIMIT_REACHED,
              "Instance limit reached (10/10). Upgrade your subscription.");
      case "unconfigured" ->
          throw ApiError.of(
              Reason.MODEL_PROVIDER_NOT_CONFIGURED,
              "model_provider: must have an API key; got none");
      case "capacity" ->
          throw ApiError.noCapacity(
              "cannot reserve 1 GiB: the host has no free memory; retry later", 7);
      case "bug" -> throw new IllegalStateException(SECRET_OF_THE_BUG);
      case "late" -> throw ApiError.of(Reason.NO_ANSWER_IN_TIME, "instance: no answer");
      case "silent" -> {
        return;
      }
      default -> {}
    }
    var instance =
        Instance.newBuilder()
            .setId(Ids.next())
            .setOrganizationId(Caller.current().organizationId())
            .setName(wanted.name())
            .setStatus(Instance.Status.provisioning)
            .setDesiredStatus(Instance.Status.running)
            .setModelProvider(wanted.modelProvider().orElse("anthropic"))
            .setRevision(1)
            .build();
    known.put(instance.getId(), instance);
    out.onNext(instance);
    out.onCompleted();
  }

  private static String leaked(String what) {
    var bug = new IllegalStateException("a bug");
    return switch (what) {
      case "trace" -> {
        var trace = new StringWriter();
        bug.printStackTrace(new PrintWriter(trace));
        // A complete trace is more than a gRPC client accepts as a header.
        yield trace.toString().lines().skip(1).limit(5).collect(Collectors.joining("\n"));
      }
      case "line" -> "at line StubInstances" + ".java:7";
      case "exception" -> bug.getClass().getSimpleName();
      case "class" -> StubInstances.class.getName();
      case "path" -> "cannot read /var/lib/chowder/data";
      case "key" -> "refused " + Edge.KEY;
      default -> throw new IllegalArgumentException(what);
    };
  }

  @Override
  public void listInstances(ListInstancesRequest r, StreamObserver<ListInstancesResponse> out) {
    InstanceRequests.listing(r);
    out.onNext(ListInstancesResponse.newBuilder().build());
    out.onCompleted();
  }

  @Override
  public void getInstance(GetInstanceRequest r, StreamObserver<Instance> out) {
    answer(out, mine(InstanceRequests.instanceId(r.getInstanceId())));
  }

  @Override
  public void getInstanceStatus(GetInstanceStatusRequest r, StreamObserver<InstanceStatus> out) {
    var instance = mine(InstanceRequests.instanceId(r.getInstanceId()));
    answer(
        out,
        InstanceStatus.newBuilder()
            .setId(instance.getId())
            .setStatus(instance.getStatus())
            .build());
  }

  @Override
  public void updateInstance(UpdateInstanceRequest r, StreamObserver<Instance> out) {
    answer(out, mine(requests.change(r).instanceId()));
  }

  @Override
  public void deleteInstance(DeleteInstanceRequest r, StreamObserver<Empty> out) {
    known.remove(mine(InstanceRequests.instanceId(r.getInstanceId())).getId());
    answer(out, Empty.getDefaultInstance());
  }

  @Override
  public void startInstance(StartInstanceRequest r, StreamObserver<Instance> out) {
    answer(
        out, mine(InstanceRequests.verb(r.getInstanceId(), r.hasWait(), r.getWait()).instanceId()));
  }

  @Override
  public void stopInstance(StopInstanceRequest r, StreamObserver<Instance> out) {
    var instance =
        mine(InstanceRequests.verb(r.getInstanceId(), r.hasWait(), r.getWait()).instanceId());
    throw ApiError.wrongState(
        "status: must be running; got " + instance.getStatus(),
        Map.of("status", instance.getStatus().name()));
  }

  /** Sends one message at once, one when the test allows it, and then ends. */
  @Override
  public void watchInstance(WatchInstanceRequest r, StreamObserver<Instance> out) {
    var wanted = InstanceRequests.watching(r);
    var instance = mine(wanted.instanceId());
    if (wanted.afterRevision().isPresent()) {
      // Nothing changes.
      new Sink<>(out).begin();
      return;
    }
    out.onNext(instance);
    await(secondMessage);
    out.onNext(instance.toBuilder().setRevision(2).setStatus(Instance.Status.running).build());
    out.onCompleted();
  }

  @Override
  public void tailLogs(TailLogsRequest r, StreamObserver<LogLine> out) {
    mine(InstanceRequests.tail(r).instanceId());
    out.onNext(LogLine.newBuilder().setText("one \"line\"").build());
    out.onCompleted();
  }

  @Override
  public void createResponse(CreateResponseRequest r, StreamObserver<HttpBody> out) {
    forward(InstanceRequests.message(r), out);
  }

  @Override
  public void createSessionResponse(CreateSessionResponseRequest r, StreamObserver<HttpBody> out) {
    forward(InstanceRequests.message(r), out);
  }

  private void forward(InstanceRequests.Message m, StreamObserver<HttpBody> out) {
    proxy.forward(Caller.current().organizationId(), m.instanceId(), m.sessionId(), m.body(), out);
  }

  private Instance mine(String id) {
    Instance instance = known.get(id);
    if (instance == null
        || !instance.getOrganizationId().equals(Caller.current().organizationId())) {
      throw ApiError.instanceNotFound();
    }
    return instance;
  }

  private static <T> void answer(StreamObserver<T> out, T message) {
    out.onNext(message);
    out.onCompleted();
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test did not request the second message");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

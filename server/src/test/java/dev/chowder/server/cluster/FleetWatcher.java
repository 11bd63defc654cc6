package dev.chowder.server.cluster;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.WatchInstancesRequest;
import dev.chowder.server.cluster.FaultChecker.Seen;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A caller that watches all instances and resumes from its last cursor when its watch ends. */
final class FleetWatcher implements AutoCloseable {
  private final String name;
  private final InstanceServiceGrpc.InstanceServiceStub calls;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final Map<String, Instance> newest = new HashMap<>();
  private final List<String> failures = new ArrayList<>();
  private String cursor = "";

  private FleetWatcher(String name, InstanceServiceGrpc.InstanceServiceStub calls) {
    this.name = name;
    this.calls = calls;
  }

  static FleetWatcher of(Owner owner, Channel channel, String name) {
    var watcher =
        new FleetWatcher(
            name,
            InstanceServiceGrpc.newStub(channel)
                .withWaitForReady()
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(owner.headers())));
    watcher.begin();
    return watcher;
  }

  private synchronized void begin() {
    var request = WatchInstancesRequest.newBuilder();
    if (!cursor.isEmpty()) request.setAfter(cursor);
    context.run(
        () ->
            calls.watchInstances(
                request.build(),
                new StreamObserver<>() {
                  @Override
                  public void onNext(InstanceChange change) {
                    saw(change);
                  }

                  @Override
                  public void onError(Throwable why) {
                    ended(Status.fromThrowable(why));
                  }

                  @Override
                  public void onCompleted() {}
                }));
  }

  private synchronized void saw(InstanceChange change) {
    if (change.hasCursor()) cursor = change.getCursor();
    if (change.hasInstance()) newest.put(change.getInstance().getId(), change.getInstance());
  }

  private void ended(Status why) {
    if (why.getCode() == Status.Code.CANCELLED) return;
    if (FaultLoad.PASSING.contains(why.getCode())) {
      begin();
    } else {
      synchronized (this) {
        failures.add(name + ": " + why);
      }
    }
  }

  /** Returns what it received, and what it should have received about {@code alive}. */
  synchronized List<Seen> seen(Set<String> alive) {
    var all = new ArrayList<Seen>();
    newest.values().forEach(instance -> all.add(seen(name, instance)));
    alive.stream()
        .filter(id -> !newest.containsKey(id))
        .forEach(id -> all.add(new Seen(name, id, 0, false)));
    return all;
  }

  static Seen seen(String watcher, Instance last) {
    return new Seen(
        watcher, last.getId(), last.getRevision(), last.getStatus() == Instance.Status.terminated);
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  @Override
  public void close() {
    context.cancel(null);
  }
}

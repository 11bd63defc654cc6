package dev.chowder.server.cluster;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.base.Await;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A caller that watches one instance and resumes from its last revision when its node stops. */
final class Watcher implements AutoCloseable {
  private final InstanceServiceGrpc.InstanceServiceStub calls;
  private final String id;
  private final Set<Status.Code> passing;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final List<Instance> seen = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private int resumed;

  private Watcher(
      InstanceServiceGrpc.InstanceServiceStub calls, String id, Set<Status.Code> passing) {
    this.calls = calls;
    this.id = id;
    this.passing = passing;
  }

  static Watcher of(Owner owner, Channel channel, String id) {
    return of(owner, channel, id, Set.of(Status.Code.UNAVAILABLE));
  }

  /**
   * Starts the watch.
   *
   * @param passing codes after which the watch is started again
   */
  static Watcher of(Owner owner, Channel channel, String id, Set<Status.Code> passing) {
    var watcher =
        new Watcher(
            InstanceServiceGrpc.newStub(channel)
                .withWaitForReady()
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(owner.headers())),
            id,
            passing);
    watcher.begin(WatchInstanceRequest.newBuilder().setInstanceId(id).build());
    return watcher;
  }

  private void begin(WatchInstanceRequest request) {
    context.run(
        () ->
            calls.watchInstance(
                request,
                new StreamObserver<>() {
                  @Override
                  public void onNext(Instance now) {
                    saw(now);
                  }

                  @Override
                  public void onError(Throwable why) {
                    ended(Status.fromThrowable(why));
                  }

                  @Override
                  public void onCompleted() {}
                }));
  }

  private synchronized void saw(Instance now) {
    if (!seen.isEmpty() && now.getRevision() < seen.getLast().getRevision()) {
      failures.add("revision " + now.getRevision() + " after " + seen.getLast().getRevision());
    }
    seen.add(now);
  }

  private synchronized void ended(Status why) {
    if (why.getCode() == Status.Code.CANCELLED) return;
    if (!passing.contains(why.getCode())) {
      failures.add(why.toString());
      return;
    }
    resumed++;
    var again = WatchInstanceRequest.newBuilder().setInstanceId(id);
    if (!seen.isEmpty()) again.setAfterRevision(seen.getLast().getRevision());
    begin(again.build());
  }

  synchronized Optional<Instance> newest() {
    return seen.isEmpty() ? Optional.empty() : Optional.of(seen.getLast());
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  synchronized int resumed() {
    return resumed;
  }

  void await(Instance.Status wanted, Duration limit) {
    Await.until(
        limit,
        () -> newest().filter(now -> now.getStatus() == wanted).isPresent(),
        () -> "no " + wanted + " but " + newest() + failures());
  }

  void awaitRevision(int wanted, Duration limit) {
    Await.until(
        limit,
        () -> newest().filter(now -> now.getRevision() >= wanted).isPresent(),
        () -> "no revision " + wanted + " but " + newest() + failures());
  }

  @Override
  public void close() {
    context.cancel(null);
  }
}

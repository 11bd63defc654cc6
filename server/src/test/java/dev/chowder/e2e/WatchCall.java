package dev.chowder.e2e;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.WatchInstanceRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** A native gRPC watch that keeps every message it received. */
final class WatchCall implements AutoCloseable {
  private final ManagedChannel channel;
  private final List<Instance> seen = new CopyOnWriteArrayList<>();
  private final AtomicReference<Status> end = new AtomicReference<>(Status.UNKNOWN);

  private WatchCall(ManagedChannel channel) {
    this.channel = channel;
  }

  static WatchCall open(Agent agent) {
    var watch =
        new WatchCall(
            NettyChannelBuilder.forTarget(Installation.UNDER_TEST.grpc()).usePlaintext().build());
    stub(watch.channel, agent.caller())
        .watchInstance(
            WatchInstanceRequest.newBuilder().setInstanceId(agent.id()).build(),
            new StreamObserver<>() {
              @Override
              public void onNext(Instance instance) {
                watch.seen.add(instance);
              }

              @Override
              public void onError(Throwable cause) {
                watch.end.set(Status.fromThrowable(cause));
              }

              @Override
              public void onCompleted() {
                watch.end.set(Status.OK);
              }
            });
    return watch;
  }

  private static InstanceServiceGrpc.InstanceServiceStub stub(
      ManagedChannel channel, Caller caller) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + caller.key());
    return InstanceServiceGrpc.newStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .withDeadlineAfter(30, TimeUnit.MINUTES);
  }

  List<Instance> seen() {
    return List.copyOf(seen);
  }

  /** Returns the messages up to and including the first that matches. */
  List<Instance> until(Duration limit, Predicate<Instance> enough) {
    var all =
        Eventually.get("watch over gRPC", limit, this::seen, now -> now.stream().anyMatch(enough));
    var first = all.stream().filter(enough).findFirst().orElseThrow();
    return all.subList(0, all.indexOf(first) + 1);
  }

  /** Returns OK once the server has ended the stream. */
  Status awaitEnd(Duration limit) {
    return Eventually.get(
        "end of the watch", limit, end::get, status -> status.getCode() != Status.Code.UNKNOWN);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}

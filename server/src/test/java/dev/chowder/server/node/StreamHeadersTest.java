package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceStub;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.base.Await;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a stream sends its headers although its first message comes later. */
class StreamHeadersTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir Path home;

  @Test
  void aWatchAndALogSendTheirHeadersBeforeTheirFirstMessage() throws Exception {
    try (var node = Node.start(home, Map.of())) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      var watch =
          WatchInstanceRequest.newBuilder()
              .setInstanceId(id)
              .setAfterRevision(node.get(key, id).getRevision())
              .build();
      var log = TailLogsRequest.newBuilder().setInstanceId(id).setLines(0).setFollow(true).build();
      var calls = InstanceServiceGrpc.newStub(node.instances(key).getChannel());
      awaitHeaders(calls, stub -> stub.watchInstance(watch, ignored()));
      awaitHeaders(calls, stub -> stub.tailLogs(log, ignored()));
    }
  }

  private static void awaitHeaders(InstanceServiceStub calls, Consumer<InstanceServiceStub> open) {
    var headers = new AtomicReference<Metadata>();
    var trailers = new AtomicReference<Metadata>();
    var capture = MetadataUtils.newCaptureMetadataInterceptor(headers, trailers);
    try (var context = Context.current().withCancellation()) {
      context.run(() -> open.accept(calls.withInterceptors(capture)));
      // A heartbeat of the watch would come after 30 s.
      Await.until(LIMIT, () -> headers.get() != null);
      assertThat(trailers.get()).isNull();
    }
  }

  private static <T> StreamObserver<T> ignored() {
    return new StreamObserver<>() {
      @Override
      public void onNext(T message) {}

      @Override
      public void onError(Throwable why) {}

      @Override
      public void onCompleted() {}
    };
  }
}

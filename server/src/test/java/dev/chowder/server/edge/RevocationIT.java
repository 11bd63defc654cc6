package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A revoked key ends its open streams. The documented limit is 1 s; a busy test machine gets more.
 */
class RevocationIT {
  private static final Duration PROMISED = Duration.ofSeconds(1);
  private static final Duration BUSY = Duration.ofSeconds(10);
  private static final RawHttp.Request ASK = RawHttp.Request.of("GET", "/v1/organization");

  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @BeforeAll
  static void allowManyWatches() throws Exception {
    SERVER.restart(Map.of("chowder.instance.max-watchers", 10));
  }

  @Test
  void replacingAKeyEndsItsCallsAndStreamsButNotThoseOfTheNewKey() throws Exception {
    var instance = SERVER.world().get("running");
    try (var direct = new Watchers(SERVER.grpc(), "key", instance);
        var throughEnvoy = new Watchers(SERVER.rest(), "key", instance);
        var rest = watch("key", instance)) {
      direct.awaitOpen();
      throughEnvoy.awaitOpen();
      assertThat(rest.head().status()).isEqualTo(200);
      assertThat(rest.chunk()).isNotEmpty();
      var rotated = SERVER.call("key", WholeServer.post("/v1/organization/rotate_key?grace=0"));
      long since = System.nanoTime();
      assertThat(rotated.status()).isEqualTo(200);
      SERVER.world().put("new_key", rotated.json().get("api_key").asText());
      try (var fresh = new Watchers(SERVER.grpc(), "new_key", instance)) {
        fresh.awaitOpen();
        for (var watchers : new Watchers[] {direct, throughEnvoy}) {
          assertThat(watchers.watchEnd().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
          assertThat(watchers.logsEnd().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        }
        while (rest.chunk().length > 0) {
          // This call was in progress before the revocation.
        }
        assertWithin(since);
        RawHttp.Answer old;
        do {
          old = SERVER.call("key", ASK);
        } while (old.status() == 200 && System.nanoTime() - since < BUSY.toNanos());
        RestErrors.check(old, 401, 16, Reason.KEY_INVALID.name());
        assertWithin(since);
        assertThat(SERVER.call("new_key", ASK).status()).isEqualTo(200);
        assertThat(fresh.isOpen()).isTrue();
      }
    }
  }

  private static void assertWithin(long since) {
    var took = Duration.ofNanos(System.nanoTime() - since);
    // Reported in the output; on an idle machine the documented limit holds.
    if (took.compareTo(PROMISED) > 0) {
      System.err.println("a revocation took " + took + "; documented limit " + PROMISED);
    }
    assertThat(took).isLessThan(BUSY);
  }

  private static RawHttp.Exchange watch(String key, String instance) throws IOException {
    return RawHttp.open(
        SERVER.rest(),
        RawHttp.Request.of("GET", "/v1/instances/" + instance + "/watch")
            .with("Authorization", "Bearer " + SERVER.world().get(key)));
  }

  /** A watch and a followed log over gRPC. */
  private static final class Watchers implements AutoCloseable {
    private final ManagedChannel channel;
    private final CountDownLatch open = new CountDownLatch(1);
    private final CompletableFuture<Status> watch = new CompletableFuture<>();
    private final CompletableFuture<Status> logs = new CompletableFuture<>();

    Watchers(InetSocketAddress to, String key, String instance) {
      channel = NettyChannelBuilder.forAddress(to).usePlaintext().build();
      var headers = new Metadata();
      headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + SERVER.world().get(key));
      var stub =
          InstanceServiceGrpc.newStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
      stub.watchInstance(
          WatchInstanceRequest.newBuilder().setInstanceId(instance).build(),
          new End<>(watch, open::countDown));
      stub.tailLogs(
          TailLogsRequest.newBuilder().setInstanceId(instance).setFollow(true).build(),
          new End<>(logs, () -> {}));
    }

    void awaitOpen() throws InterruptedException {
      assertThat(open.await(20, TimeUnit.SECONDS)).isTrue();
    }

    Status watchEnd() throws Exception {
      return watch.get(20, TimeUnit.SECONDS);
    }

    Status logsEnd() throws Exception {
      return logs.get(20, TimeUnit.SECONDS);
    }

    boolean isOpen() {
      return !watch.isDone();
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }
  }

  private record End<T>(CompletableFuture<Status> end, Runnable first)
      implements StreamObserver<T> {
    @Override
    public void onNext(T message) {
      first.run();
    }

    @Override
    public void onError(Throwable why) {
      end.complete(Status.fromThrowable(why));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }
}

package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.base.Await;
import dev.chowder.server.GrpcServer;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.auth.UnknownSettings;
import dev.chowder.server.rate.RateLimit;
import dev.chowder.server.rate.RateSettings;
import dev.chowder.server.rate.StoppedMeter;
import dev.chowder.settings.SettingsBinder;
import io.github.bucket4j.TimeMeter;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests what calls cost an organization, and how calls over its limit are rejected. */
class RateLimitRejectionsTest {
  private static final int BURST = 30;
  private static final int ANSWER = 1000;
  private static final int AT_ONCE = 64;
  private static final int IN_PROGRESS = 16;
  private static final int OPEN_CALLS = 8;
  private static final Metadata.Key<String> REMAINING =
      Metadata.Key.of("x-ratelimit-remaining", Metadata.ASCII_STRING_MARSHALLER);

  @TempDir Path folder;

  private TimeMeter meter = new StoppedMeter();

  /** Starts that are in progress until a test completes them. */
  private final BlockingQueue<StreamObserver<Instance>> starting = new LinkedBlockingQueue<>();

  private final class Verbose extends InstanceServiceGrpc.InstanceServiceImplBase {
    @Override
    public void getInstance(GetInstanceRequest r, StreamObserver<Instance> out) {
      out.onNext(Instance.newBuilder().setName("x".repeat(ANSWER)).build());
      out.onCompleted();
    }

    @Override
    public void createInstance(CreateInstanceRequest r, StreamObserver<Instance> out) {
      out.onNext(Instance.getDefaultInstance());
      out.onCompleted();
    }

    @Override
    public void startInstance(StartInstanceRequest r, StreamObserver<Instance> out) {
      starting.add(out);
    }

    @Override
    public void updateInstance(UpdateInstanceRequest r, StreamObserver<Instance> out) {
      out.onNext(Instance.getDefaultInstance());
      out.onCompleted();
    }
  }

  private Served serve(Map<String, Object> settings) throws IOException {
    var all = new HashMap<String, Object>(settings);
    // The limits are always those under contention, and no call becomes available again.
    all.putIfAbsent("chowder.rate.alone-factor", 1);
    all.putIfAbsent("chowder.rate.requests-per-second", 1);
    all.putIfAbsent("chowder.rate.burst", BURST);
    return serveAs(all);
  }

  /** Starts a server with the defaults, except for these settings. */
  private Served serveAs(Map<String, Object> all) throws IOException {
    var config = ConfigFactory.parseMap(all).withFallback(ConfigFactory.load());
    var envoy =
        new EnvoyToken(TokenFile.in(Edge.envoyToken(folder), "chd_envoy_", new SecureRandom()));
    var rate = RateSettings.of(config);
    var name = InProcessServerBuilder.generateName();
    var server =
        GrpcServer.on(
                InProcessServerBuilder.forName(name),
                ServerSettings.of(config).grpc(),
                new GrpcServer.Services(List.of(new Verbose()), List.of()),
                new GrpcServer.Gate(
                    new KeyCheck(
                        key -> Optional.of(new Caller(key.reveal().substring(8, 9), "key")),
                        _ -> {},
                        SettingsBinder.bind(config, UnknownSettings.class),
                        rate.rejectionDelay()),
                    new ClientAddress(envoy),
                    new RateLimit(rate, rate.rejectionDelay(), meter),
                    new NoIdempotency(),
                    new NoIdempotency(),
                    new NoIdempotency()),
                new SimpleMeterRegistry())
            .start();
    return new Served(server, InProcessChannelBuilder.forName(name).build());
  }

  /** A server and its client. */
  private record Served(GrpcServer server, ManagedChannel channel) implements AutoCloseable {
    /** Returns how many calls are left after another call. */
    int remaining() {
      return remaining("k");
    }

    /** Returns how many calls the organization with this letter has left after another call. */
    int remaining(String organization) {
      var headers = new AtomicReference<Metadata>();
      var trailers = new AtomicReference<Metadata>();
      get(
          as(organization)
              .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers)));
      return Integer.parseInt(String.valueOf(headers.get().get(REMAINING)));
    }

    /** Returns 0 if the call is rejected because none is left. */
    int remainingIfAny(String organization) {
      try {
        return remaining(organization);
      } catch (StatusRuntimeException refused) {
        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        return 0;
      }
    }

    /** Returns a client with the key of the organization with this letter. */
    InstanceServiceBlockingStub as(String organization) {
      var key = new Metadata();
      key.put(AuthInterceptor.AUTHORIZATION, "Bearer chd_org_" + organization.repeat(43));
      return InstanceServiceGrpc.newBlockingStub(channel)
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(key));
    }

    /** Starts a call without its request. Its final status goes to {@code ended}. */
    ClientCall<GetInstanceRequest, Instance> unfinished(
        String organization, BlockingQueue<Status> ended) {
      var call =
          as(organization)
              .getChannel()
              .newCall(InstanceServiceGrpc.getGetInstanceMethod(), CallOptions.DEFAULT);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onClose(Status status, Metadata trailers) {
              ended.add(status);
            }
          },
          new Metadata());
      call.request(1);
      return call;
    }

    /** Returns whether the server accepts another call of the organization. */
    boolean opens(String organization) {
      try {
        get(as(organization));
        return true;
      } catch (StatusRuntimeException refused) {
        return false;
      }
    }

    void get(InstanceServiceBlockingStub client) {
      var _ = client.getInstance(GetInstanceRequest.getDefaultInstance());
    }

    /** Returns how long the rejection of another call takes. */
    Duration refused() {
      long began = System.nanoTime();
      var why = catchThrowableOfType(StatusRuntimeException.class, this::remaining);
      assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      return Duration.ofNanos(System.nanoTime() - began);
    }

    @Override
    public void close() {
      channel.shutdownNow();
      server.close();
    }
  }

  @Test
  void aResponseCountsByItsLength() throws IOException {
    try (var served = serve(Map.of("chowder.rate.response-bytes-per-call", ANSWER / 5))) {
      assertThat(served.remaining()).isEqualTo(BURST - 1);
      // The cost of the first response is known afterwards, and is the estimate for the second.
      assertThat(served.remaining()).isEqualTo(BURST - 2 - 2 * 5);
    }
  }

  @Test
  void theLimitDependsOnHowMuchOthersUse() throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.rate.alone-factor", 10,
            "chowder.rate.contention-calls-per-second", 1,
            "chowder.rate.burst-smoothing-window", "0s");
    try (var served = serve(settings)) {
      for (int call = 1; call <= 3 * BURST; call++) {
        assertThat(served.remaining("k")).isBetween(10 * BURST - call, 10 * BURST - 1);
      }
      assertThat(served.remaining("m"))
          .as("while another organization calls often")
          .isEqualTo(BURST - 1);
      assertThat(served.remaining("k")).as("beside one call").isGreaterThan(6 * BURST);
      for (int call = 2; call < BURST; call++) served.remaining("m");
      assertThat(served.remaining("k"))
          .as("while another organization calls often")
          .isEqualTo(BURST - 1);
      for (int call = 2; call <= BURST; call++) served.remaining("k");
      served.refused();
      assertThat(served.remaining("m")).as("another organization").isNotNegative();
    }
  }

  @Test
  void callsInProgressAreLimitedUnderContentionUntilTheyEnd() throws Exception {
    var settings =
        Map.<String, Object>of(
            "chowder.rate.alone-factor",
            10,
            "chowder.rate.change-cost",
            1,
            "chowder.rate.contention-calls-in-progress",
            IN_PROGRESS,
            // The other organization's one call counts for the complete test.
            "chowder.rate.contention-window",
            "1h");
    try (var served = serve(settings);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      served.get(served.as("m"));
      var starts = new ArrayList<Future<Instance>>();
      var held = new ArrayList<StreamObserver<Instance>>();
      for (int call = 0; call < IN_PROGRESS; call++) {
        starts.add(
            threads.submit(
                () -> served.as("k").startInstance(StartInstanceRequest.getDefaultInstance())));
        held.add(Objects.requireNonNull(starting.poll(20, TimeUnit.SECONDS)));
      }
      assertThat(served.remaining("k")).as("with one more call in progress").isEqualTo(BURST - 1);
      for (var call : held) {
        call.onNext(Instance.getDefaultInstance());
        call.onCompleted();
      }
      for (var start : starts) start.get(20, TimeUnit.SECONDS);
      // The server learns of the end of a call after the client does. Until then, the waiting calls
      // use up the few that are left.
      var remaining = new AtomicInteger();
      Await.until(
          () -> {
            remaining.set(served.remainingIfAny("k"));
            return remaining.get() >= BURST;
          });
      assertThat(remaining.get()).as("none in progress").isGreaterThan(8 * BURST);
    }
  }

  /** Includes calls whose request does not end: no rate limits calls that stay open. */
  @Test
  void oneOrganizationCannotOpenAllCalls() throws Exception {
    try (var served = serveAs(Map.of("chowder.grpc.max-open-calls", OPEN_CALLS))) {
      var open = new ArrayList<ClientCall<GetInstanceRequest, Instance>>();
      var refused = new LinkedBlockingQueue<Status>();
      for (int n = 0; n < OPEN_CALLS; n++) open.add(served.unfinished("k", refused));
      var why = refused.poll(20, TimeUnit.SECONDS);
      assertThat(why).as("of " + OPEN_CALLS + " open calls").isNotNull();
      assertThat(why.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(why.getDescription()).containsPattern("\\b6\\b");
      served.get(served.as("m"));
      for (var call : open) call.cancel("done", null);
      // The server learns of the end of a call after the client does.
      Await.until(() -> served.opens("k"));
    }
  }

  @Test
  void sequentialChangesNextToAPollerAreServed() throws IOException {
    try (var served = serveAs(Map.of())) {
      for (int change = 0; change < 60; change++) {
        if (change % 10 == 0) served.get(served.as("m"));
        var _ = served.as("k").updateInstance(UpdateInstanceRequest.getDefaultInstance());
      }
    }
  }

  @Test
  void concurrentCreatesNextToAPollerAreServed() throws Exception {
    try (var served = serveAs(Map.of());
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      served.get(served.as("m"));
      var creates = new ArrayList<Future<Instance>>();
      for (int create = 0; create < AT_ONCE; create++) {
        creates.add(
            threads.submit(
                () ->
                    served
                        .as("k")
                        .createInstance(CreateInstanceRequest.newBuilder().setName("a").build())));
      }
      for (var create : creates) create.get();
    }
  }

  @Test
  void aFloodIsLimitedWithoutAffectingASteadyCaller() throws Exception {
    try (var served = serveAs(Map.of("chowder.rate.max-rejection-delay", "10ms"));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      // As many calls as the steady caller of the benchmark makes in five seconds.
      for (int call = 0; call < 150; call++) served.get(served.as("m"));
      var refused = new AtomicInteger();
      var flood = new ArrayList<Future<?>>();
      for (int connection = 0; connection < AT_ONCE; connection++) {
        flood.add(threads.submit(() -> flood(served, refused)));
      }
      for (var one : flood) one.get();
      assertThat(refused.get()).isPositive();
      served.get(served.as("m"));
    }
  }

  private static void flood(Served served, AtomicInteger refused) {
    for (int call = 0; call < 20; call++) {
      try {
        served.get(served.as("k"));
      } catch (StatusRuntimeException limit) {
        assertThat(limit.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        refused.incrementAndGet();
      }
    }
  }

  @Test
  void burstsAreSmoothed() throws IOException {
    // Seven calls start at once, and then one each 100 ms.
    var settings =
        Map.<String, Object>of(
            "chowder.rate.burst-smoothing-window",
            "3s",
            "chowder.rate.contention-calls-per-second",
            0);
    meter = TimeMeter.SYSTEM_NANOTIME;
    try (var served = serve(settings)) {
      // Bursts are smoothed only under contention, so another organization makes a call.
      served.remaining("m");
      long began = System.nanoTime();
      for (int n = 0; n < 12; n++) assertThat(served.remaining()).isPositive();
      assertThat(Duration.ofNanos(System.nanoTime() - began))
          .isBetween(Duration.ofMillis(400), Duration.ofSeconds(20));
    }
  }

  @Test
  void rejectionsAreDelayed() throws IOException {
    try (var served = serve(pendingBefore(Map.of("chowder.rate.max-rejection-delay", "600ms")))) {
      assertThat(served.remaining()).isEqualTo(BURST - 1);
      assertThat(served.refused()).isBetween(Duration.ofMillis(300), Duration.ofSeconds(20));
    }
  }

  @Test
  void aRejectionOverTheLimitOfDelayedOnesIsImmediate() throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.rate.max-rejection-delay", "1m", "chowder.rate.max-delayed", 0);
    try (var served = serve(pendingBefore(settings))) {
      assertThat(served.remaining()).isEqualTo(BURST - 1);
      assertThat(served.refused()).isLessThan(Duration.ofMinutes(1));
    }
  }

  private static Map<String, Object> pendingBefore(Map<String, Object> settings) {
    var all = new HashMap<>(settings);
    all.put("chowder.rate.response-bytes-per-call", 1);
    return all;
  }
}

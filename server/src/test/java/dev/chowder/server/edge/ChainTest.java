package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.server.GrpcServer;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.auth.UnknownSettings;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.ReasonFacts;
import dev.chowder.server.rate.RateLimit;
import dev.chowder.server.rate.RateSettings;
import dev.chowder.settings.SettingsBinder;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the interceptors that every call passes, without a network. */
class ChainTest {
  private static final String KEY = Edge.KEY;

  /** A service whose result the test chooses. */
  private static final class Scripted extends InstanceServiceGrpc.InstanceServiceImplBase {
    Runnable script = () -> {};
    Caller caller = new Caller("", "");

    @Override
    public void getInstance(GetInstanceRequest r, StreamObserver<Instance> out) {
      caller = Caller.current();
      script.run();
      out.onNext(Instance.getDefaultInstance());
      out.onCompleted();
    }

    @Override
    public void createInstance(CreateInstanceRequest r, StreamObserver<Instance> out) {
      out.onNext(Instance.newBuilder().setName(r.getName()).build());
      out.onCompleted();
    }

    @Override
    public void watchInstance(WatchInstanceRequest r, StreamObserver<Instance> out) {
      out.onNext(Instance.getDefaultInstance());
      throw new IllegalStateException("after the first message");
    }
  }

  private final Scripted service = new Scripted();
  private final PrometheusMeterRegistry metrics =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private GrpcServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start(@TempDir Path folder) throws IOException {
    String name = InProcessServerBuilder.generateName();
    server =
        GrpcServer.on(
                InProcessServerBuilder.forName(name),
                Edge.settings(folder).grpc(),
                new GrpcServer.Services(List.of(service), List.of()),
                gate(folder),
                metrics)
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
  }

  /** Returns checks that know one key. */
  static GrpcServer.Gate gate(Path folder) throws IOException {
    var rate = RateSettings.of(ConfigFactory.load());
    return new GrpcServer.Gate(
        new KeyCheck(
            key ->
                key.reveal().equals(KEY) ? Optional.of(new Caller("org", "key")) : Optional.empty(),
            _ -> {},
            SettingsBinder.bind(ConfigFactory.load(), UnknownSettings.class),
            rate.rejectionDelay()),
        new ClientAddress(
            new EnvoyToken(
                TokenFile.in(Edge.envoyToken(folder), "chd_envoy_", new SecureRandom()))),
        new RateLimit(rate, rate.rejectionDelay()),
        new NoIdempotency(),
        new NoIdempotency(),
        new NoIdempotency());
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
  }

  @Test
  void aValidKeyIdentifiesItsCaller() {
    get("Bearer " + KEY);
    assertThat(service.caller).isEqualTo(new Caller("org", "key"));
  }

  @Test
  void everythingElseIsUnauthenticated() {
    for (String header :
        new String[] {
          "", "Bearer", "Bearer ", KEY, "Basic " + KEY, "Bearer " + KEY + "x", "Bearer a b"
        }) {
      assertRejected(Reason.KEY_INVALID, header);
    }
  }

  @Test
  void anApiErrorKeepsItsReasonHoweverItIsThrown() {
    service.script =
        () -> {
          throw ApiError.noCapacity("memory: none", 5);
        };
    assertRejected(Reason.NO_CAPACITY, "Bearer " + KEY);
    service.script =
        () -> {
          throw new CompletionException(ApiError.of(Reason.WRONG_STATE, "status: x"));
        };
    assertRejected(Reason.WRONG_STATE, "Bearer " + KEY);
    assertThat(metrics.scrape()).contains("chowder_rpc_errors_total{reason=\"NO_CAPACITY\"} 1.0");
  }

  @Test
  void anUnexpectedExceptionIsInternalAndRevealsNothing() {
    for (Runnable bug :
        List.<Runnable>of(
            () -> {
              throw new IllegalStateException(StubInstances.SECRET_OF_THE_BUG);
            },
            () -> {
              throw new StackOverflowError();
            },
            () -> {
              throw Status.NOT_FOUND
                  .withDescription(StubInstances.SECRET_OF_THE_BUG)
                  .asRuntimeException();
            })) {
      service.script = bug;
      var thrown = assertRejected(Reason.INTERNAL, "Bearer " + KEY);
      Leaks.check(Objects.requireNonNull(thrown.getMessage()));
    }
  }

  @Test
  void aDatabaseOutageIsUnavailableWithRetryAfter() {
    service.script =
        () -> {
          throw new IllegalStateException(
              StubInstances.SECRET_OF_THE_BUG, new SQLTransientConnectionException("none"));
        };
    var thrown = assertRejected(Reason.SERVER_UNAVAILABLE, "Bearer " + KEY);
    Leaks.check(Objects.requireNonNull(thrown.getMessage()));
    assertThat(Objects.requireNonNull(StatusProto.fromThrowable(thrown)).getDetailsList())
        .anyMatch(detail -> detail.is(RetryInfo.class));
  }

  @Test
  void anUnexpectedExceptionDuringAStreamEndsItAsInternal() {
    var messages = stub("Bearer " + KEY).watchInstance(WatchInstanceRequest.getDefaultInstance());
    assertThat(messages.next()).isNotNull();
    var thrown = catchThrowableOfType(StatusRuntimeException.class, messages::hasNext);
    assertThat(reason(thrown)).isEqualTo("INTERNAL");
  }

  @Test
  void anUnparsableRequestIsAnInvalidField() {
    assertThat(reason(sendBytes(new byte[] {(byte) 0xff, (byte) 0xff, 1})))
        .isEqualTo("INVALID_FIELD");
    // Field 1, the name, with bytes that are not valid UTF-8.
    assertThat(reason(sendBytes(new byte[] {0x0a, 2, (byte) 0xc3, 0x28})))
        .isEqualTo("INVALID_FIELD");
  }

  @Test
  void aRequestOverTheLimitIsTooLarge() {
    var request = CreateInstanceRequest.newBuilder().setName("x".repeat(4_194_305)).build();
    var thrown =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> stub("Bearer " + KEY).createInstance(request));
    assertThat(reason(thrown)).isEqualTo("TOO_LARGE");
  }

  @Test
  void everyCallIsMeasured() {
    get("Bearer " + KEY);
    assertRejected(Reason.KEY_INVALID, "Bearer no");
    assertThat(metrics.scrape())
        .contains(
            "chowder_rpc_seconds_count{code=\"OK\",method=\"chowder.v1.InstanceService/GetInstance\"} 1",
            "chowder_rpc_seconds_count{code=\"UNAUTHENTICATED\",method=\"chowder.v1.InstanceService/GetInstance\"} 1",
            "chowder_rpc_open 0.0");
  }

  private StatusRuntimeException sendBytes(byte[] bytes) {
    var raw = new RawGrpc.Bytes();
    var method = InstanceServiceGrpc.getCreateInstanceMethod().toBuilder(raw, raw).build();
    return catchThrowableOfType(
        StatusRuntimeException.class,
        () ->
            ClientCalls.blockingUnaryCall(
                io.grpc.ClientInterceptors.intercept(
                    channel, MetadataUtils.newAttachHeadersInterceptor(headers("Bearer " + KEY))),
                method,
                CallOptions.DEFAULT,
                bytes));
  }

  private void get(String authorization) {
    stub(authorization).getInstance(GetInstanceRequest.getDefaultInstance());
  }

  private StatusRuntimeException assertRejected(Reason reason, String authorization) {
    var thrown = catchThrowableOfType(StatusRuntimeException.class, () -> get(authorization));
    assertThat(thrown).as("for <%s>", authorization).isNotNull();
    assertThat(thrown.getStatus().getCode()).isEqualTo(ReasonFacts.of(reason).code());
    assertThat(reason(thrown)).isEqualTo(reason.name());
    return thrown;
  }

  private InstanceServiceGrpc.InstanceServiceBlockingStub stub(String authorization) {
    return InstanceServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers(authorization)));
  }

  private static Metadata headers(String authorization) {
    var headers = new Metadata();
    if (!authorization.isEmpty()) {
      headers.put(AuthInterceptor.AUTHORIZATION, authorization);
    }
    return headers;
  }

  static String reason(StatusRuntimeException thrown) {
    var status = Objects.requireNonNull(StatusProto.fromThrowable(thrown));
    var infos = status.getDetailsList().stream().filter(d -> d.is(ErrorInfo.class)).toList();
    assertThat(infos).hasSize(1);
    try {
      return infos.getFirst().unpack(ErrorInfo.class).getReason();
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }
}

package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.server.auth.AuthInterceptor;
import io.envoyproxy.envoy.service.auth.v3.AuthorizationGrpc;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests native gRPC through the same port of Envoy. */
class EnvoyGrpcIT {
  @RegisterExtension static final EdgeWithEnvoy EDGE = new EdgeWithEnvoy();
  private static ManagedChannel channel;

  @BeforeAll
  static void connect() {
    channel =
        ManagedChannelBuilder.forAddress("localhost", EDGE.rest().getPort()).usePlaintext().build();
  }

  @AfterAll
  static void disconnect() {
    channel.shutdownNow();
  }

  @Test
  void callsPassAndRestStatusHeadersDoNotDisturbThem() {
    var headers = new AtomicReference<Metadata>();
    var stub =
        instances()
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    var created = stub.createInstance(CreateInstanceRequest.newBuilder().setName("a").build());
    assertThat(created.getName()).isEqualTo("a");
    assertThat(headers.get().keys()).doesNotContain("x-http-status", "x-http-content-type");
    instances()
        .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(created.getId()).build());
  }

  @Test
  void errorsCarryTheirDetails() throws InvalidProtocolBufferException {
    var thrown =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                instances()
                    .createInstance(CreateInstanceRequest.newBuilder().setName("limit").build()));
    assertThat(thrown.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    var status = Objects.requireNonNull(StatusProto.fromThrowable(thrown));
    Any detail = status.getDetails(0);
    assertThat(detail.unpack(ErrorInfo.class).getReason()).isEqualTo("INSTANCE_LIMIT_REACHED");
    assertThat(status.getDetailsCount()).isEqualTo(1);
  }

  @Test
  void healthIsServed() {
    var answer =
        HealthGrpc.newBlockingStub(channel)
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .check(HealthCheckRequest.getDefaultInstance());
    assertThat(answer.getStatus()).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void reflectionListsTheServices() throws Exception {
    var listed = new CompletableFuture<ServerReflectionResponse>();
    StreamObserver<ServerReflectionRequest> ask =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    listed.complete(response);
                  }

                  @Override
                  public void onError(Throwable thrown) {
                    listed.completeExceptionally(thrown);
                  }

                  @Override
                  public void onCompleted() {}
                });
    ask.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    assertThat(listed.get(30, TimeUnit.SECONDS).getListServicesResponse().getServiceList())
        .extracting(s -> s.getName())
        .contains(
            "chowder.v1.InstanceService",
            "chowder.v1.OrganizationService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection");
    ask.onCompleted();
  }

  @Test
  void theServersAuthorizationServiceIsNotExposed() {
    var stub = AuthorizationGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
    var thrown =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> stub.check(CheckRequest.getDefaultInstance()));
    assertThat(thrown.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  private static InstanceServiceGrpc.InstanceServiceBlockingStub instances() {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + Edge.KEY);
    return InstanceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }
}

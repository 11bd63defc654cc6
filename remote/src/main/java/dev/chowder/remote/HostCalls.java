package dev.chowder.remote;

import dev.chowder.engine.v1.Capacity;
import dev.chowder.engine.v1.GetCapacityRequest;
import dev.chowder.engine.v1.GetHostAddressRequest;
import dev.chowder.engine.v1.GetHostAddressResponse;
import dev.chowder.engine.v1.GetIsolationRequest;
import dev.chowder.engine.v1.GetIsolationResponse;
import dev.chowder.engine.v1.HostServiceGrpc.HostServiceImplBase;
import dev.chowder.engine.v1.OpenHostPortsRequest;
import dev.chowder.engine.v1.OpenHostPortsResponse;
import dev.chowder.sandbox.SandboxHost;
import io.grpc.stub.StreamObserver;
import java.util.Set;

/** Serves the host of an engine. */
final class HostCalls extends HostServiceImplBase {
  private final SandboxHost host;

  HostCalls(SandboxHost host) {
    this.host = host;
  }

  @Override
  public void getCapacity(GetCapacityRequest request, StreamObserver<Capacity> out) {
    HandlerCall.unary(
        out,
        () -> {
          var capacity = host.capacity();
          return Capacity.newBuilder()
              .setTotalBytes(capacity.totalBytes())
              .setAvailableBytes(capacity.availableBytes())
              .setSwapFreeBytes(capacity.swapFreeBytes())
              .setCompressedBytes(capacity.compressedBytes())
              .setStalledPercent(capacity.stalledPercent())
              .build();
        });
  }

  @Override
  public void getHostAddress(
      GetHostAddressRequest request, StreamObserver<GetHostAddressResponse> out) {
    HandlerCall.unary(
        out,
        () ->
            GetHostAddressResponse.newBuilder().setAddress(host.hostAddressFromSandbox()).build());
  }

  @Override
  public void openHostPorts(
      OpenHostPortsRequest request, StreamObserver<OpenHostPortsResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          host.openHostPorts(Set.copyOf(request.getPortsList()));
          return OpenHostPortsResponse.getDefaultInstance();
        });
  }

  @Override
  public void getIsolation(GetIsolationRequest request, StreamObserver<GetIsolationResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var response = GetIsolationResponse.newBuilder();
          host.isolationFailure().ifPresent(response::setFailure);
          return response.build();
        });
  }
}

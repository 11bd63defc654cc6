package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.server.GrpcServer;
import dev.chowder.server.InterceptorChain;
import dev.chowder.server.InterceptorChain.Link;
import dev.chowder.server.InterceptorChain.Step;
import dev.chowder.server.call.IncompleteMessages;
import dev.chowder.server.call.ServiceMethods;
import dev.chowder.server.metrics.RpcMetrics;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the order of the interceptors. {@link ChainTest} tests what they do. */
class InterceptorChainTest {
  private final List<String> passed = new CopyOnWriteArrayList<>();
  private final ServerInterceptor streams = recording("OpenStreams");
  private final ServerInterceptor audit = recording("AuditLog");
  private final ServerInterceptor idempotency = recording("Idempotency");
  private InterceptorChain chain;

  @BeforeEach
  void chain(@TempDir Path folder) throws IOException {
    var gate = ChainTest.gate(folder);
    chain =
        InterceptorChain.of(
            Edge.settings(folder).grpc(),
            new GrpcServer.Gate(
                gate.keys(), gate.addresses(), gate.rate(), streams, audit, idempotency),
            new RpcMetrics(new SimpleMeterRegistry()),
            new IncompleteMessages(1));
  }

  @Test
  void theInterceptorsAreInThisOrder() {
    assertThat(chain.links())
        .extracting(Link::name)
        .containsExactly(
            "IncompleteMessages.ofAll",
            "RequestId",
            "RpcMetrics",
            "RateLimit.headers",
            "ErrorInterceptor",
            "OpenCallLimit",
            "CallHeaders",
            "AuthInterceptor",
            "IncompleteMessages.ofCallers",
            "RateLimit.limit",
            "OpenCallsOfOrganization",
            "OpenStreams",
            "BoundedRequests",
            "ScopeInterceptor",
            "AuditLog",
            "Idempotency",
            "RequestRules");
  }

  @Test
  void eachNameIsThatOfTheInterceptor() {
    // An interceptor of an anonymous class is made by a method, whose name the link has.
    for (var link : chain.links()) {
      if (link.step() instanceof Step.OfApi(var interceptor)
          && !interceptor.getClass().isAnonymousClass()
          && !link.name().contains(".")) {
        assertThat(link.name()).isEqualTo(interceptor.getClass().getSimpleName());
      }
    }
    assertThat(interceptor("OpenStreams")).isSameAs(streams);
    assertThat(interceptor("AuditLog")).isSameAs(audit);
    assertThat(interceptor("Idempotency")).isSameAs(idempotency);
  }

  private ServerInterceptor interceptor(String name) {
    return chain.links().stream()
        .filter(link -> link.name().equals(name))
        .map(link -> ((Step.OfApi) link.step()).interceptor())
        .findAny()
        .orElseThrow();
  }

  @Test
  void theArchitectureDocumentHasTheSameList() throws IOException {
    var document = Files.readString(Path.of("../docs/ARCHITECTURE.md"));
    var rows = new StringBuilder();
    int number = 1;
    for (var link : chain.links()) {
      rows.append("| %d | `%s` | %s |\n".formatted(number++, link.name(), link.reason()));
    }
    assertThat(document).contains(rows);
  }

  @Test
  void aCallPassesTheLinksInTheOrderOfTheList() throws IOException {
    var recorded =
        new InterceptorChain(
            List.of(
                new Link("one", "first", new Step.OfApi(recording("one"))),
                new Link(
                    "two",
                    "wraps the methods",
                    new Step.OfMethods(
                        service -> ServiceMethods.changed(service, this::recordingMethod))),
                new Link("three", "last", new Step.OfApi(recording("three")))));
    var name = InProcessServerBuilder.generateName();
    var server =
        InProcessServerBuilder.forName(name)
            .addService(recorded.around(new Service().bindService()))
            .build()
            .start();
    var channel = InProcessChannelBuilder.forName(name).build();
    try {
      var answer =
          InstanceServiceGrpc.newBlockingStub(channel)
              .getInstance(GetInstanceRequest.getDefaultInstance());
      assertThat(answer).isEqualTo(Instance.getDefaultInstance());
      assertThat(passed).containsExactly("one", "two", "three", "service");
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  private final class Service extends InstanceServiceGrpc.InstanceServiceImplBase {
    @Override
    public void getInstance(GetInstanceRequest request, StreamObserver<Instance> out) {
      passed.add("service");
      out.onNext(Instance.getDefaultInstance());
      out.onCompleted();
    }
  }

  private <Q, A> ServerMethodDefinition<Q, A> recordingMethod(ServerMethodDefinition<Q, A> method) {
    return ServerMethodDefinition.create(
        method.getMethodDescriptor(),
        (call, headers) -> {
          passed.add("two");
          return method.getServerCallHandler().startCall(call, headers);
        });
  }

  private ServerInterceptor recording(String name) {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        passed.add(name);
        return next.startCall(call, headers);
      }
    };
  }
}

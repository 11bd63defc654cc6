package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.must;

import com.google.api.HttpBody;
import dev.chowder.openclaw.SessionKey;
import dev.chowder.secret.Secret;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import dev.chowder.server.rate.SharedPermits;
import dev.chowder.server.stream.BodySink;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Forwards a message to an instance's gateway and streams the response back through a bounded
 * buffer. Does not know the content of either, except {@code model}.
 */
public final class ResponsesProxy implements AutoCloseable {
  static {
    // A gateway closes idle connections after 5 s (Node's default). A request sent at that moment
    // would be lost, so this client closes them earlier.
    if (System.getProperty("jdk.httpclient.keepalive.timeout") == null) {
      System.setProperty("jdk.httpclient.keepalive.timeout", "2");
    }
  }

  private final GatewayDirectory directory;
  private final ServerSettings.Responses settings;
  private final HttpClient client;
  private final SharedPermits permits;

  public ResponsesProxy(GatewayDirectory directory, ServerSettings.Responses settings) {
    this.directory = directory;
    this.settings = settings;
    this.permits = new SharedPermits("open responses", settings.maxOpen());
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.connectTimeout())
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
  }

  /**
   * Forwards one message. Must run on the call's own thread, before its handler returns: gRPC
   * accepts the handlers for cancellation and backpressure only until then.
   *
   * @param session id of the agent's session
   * @throws ApiError if nothing was sent to the gateway
   */
  public void forward(
      String organizationId,
      String instanceId,
      String session,
      HttpBody message,
      StreamObserver<HttpBody> answer) {
    AgentRequest request = AgentRequest.of(message.getData());
    Lookup.Target target =
        switch (directory.lookup(Optional.of(organizationId), instanceId)) {
          case Lookup.Target t -> t;
          case Lookup.WrongState(var status, var desired) -> throw wrongState(status, desired);
          case Lookup.Suspended() -> throw ApiError.organizationSuspended();
          case Lookup.Unconfirmed unconfirmed -> throw unconfirmed.error();
          case Lookup.NotFound() -> throw ApiError.instanceNotFound();
        };
    var permit = permits.acquire(organizationId);
    ((ServerCallStreamObserver<HttpBody>) answer).setOnReadyThreshold(settings.maxBufferedBytes());
    var body = new BodySink(answer, settings.idleTimeout());
    var stream = new ResponseStream(client, body, CallHeaders.ofResponse(), settings);
    var last = new AtomicReference<>(target.token());
    body.run(
        "response-" + instanceId,
        () -> {
          try (permit) {
            stream.forward(
                httpRequest(target.address(), target.token(), session, request),
                () -> {
                  var now = directory.tokenAfter(organizationId, instanceId, last.get());
                  now.ifPresent(last::set);
                  return now.map(token -> httpRequest(target.address(), token, session, request));
                });
          }
        });
  }

  private static HttpRequest httpRequest(
      InetSocketAddress address, Secret token, String session, AgentRequest request) {
    var builder =
        HttpRequest.newBuilder(uri(address))
            .POST(HttpRequest.BodyPublishers.ofByteArray(request.body().toByteArray()))
            .header("authorization", "Bearer " + token.reveal())
            .header("content-type", "application/json")
            .header("x-openclaw-session-key", SessionKey.of(session));
    request.model().ifPresent(model -> builder.header("x-openclaw-model", model));
    return builder.build();
  }

  private static URI uri(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return URI.create(
        "http://"
            + (host.indexOf(':') < 0 ? host : "[" + host + "]")
            + ":"
            + address.getPort()
            + "/v1/responses");
  }

  private static ApiError wrongState(String status, String desired) {
    String got = status.equals(desired) ? status : status + ", desired " + desired;
    return ApiError.wrongState(
        must("status", "be running", got), Map.of("status", status, "desired_status", desired));
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}

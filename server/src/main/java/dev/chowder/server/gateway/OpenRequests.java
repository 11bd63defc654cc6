package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.ByteString;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.DrainSignal;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.envoyproxy.envoy.type.v3.StatusCode;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Bounds the open requests and WebSockets of each gateway in Envoy, which has a limit for all
 * gateways together. Implements Envoy's external processing: Envoy keeps a stream of this service
 * for each request until the request ends, so the open streams are the open requests. Each node
 * counts those that Envoy asks it about. A request that was counted by a node that ended is no
 * longer counted.
 */
public final class OpenRequests extends ExternalProcessorGrpc.ExternalProcessorImplBase {
  /** Tells Envoy that the response has the body of an error; {@code envoy/envoy.yaml} names it. */
  private static final String DETAILS = "too_many_open_requests";

  private static final int RETRY_AFTER_SECONDS = 1;

  private final int max;
  private final DrainSignal node;

  /** The open requests of each gateway, by its host name. */
  private final Map<String, Integer> open = new HashMap<>();

  /**
   * Creates the limit of a node.
   *
   * @param max maximum number of open requests of one gateway
   * @param node ends the streams when the node drains; their requests continue
   */
  public OpenRequests(int max, DrainSignal node) {
    this.max = max;
    this.node = node;
  }

  @Override
  public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> answers) {
    return new Request(answers);
  }

  private synchronized boolean admits(String gateway) {
    if (open.getOrDefault(gateway, 0) >= max) return false;
    open.merge(gateway, 1, Integer::sum);
    return true;
  }

  private synchronized void release(String gateway) {
    open.computeIfPresent(gateway, (_, requests) -> requests == 1 ? null : requests - 1);
  }

  /** One request of a caller. */
  private final class Request implements StreamObserver<ProcessingRequest> {
    private final StreamObserver<ProcessingResponse> answers;

    /** On a node that drains already, the request ends before it is registered. */
    private DrainSignal.Waiting waiting = () -> {};

    /** The gateway for which the request counts; empty if for none. */
    private String gateway = "";

    private boolean ended;

    Request(StreamObserver<ProcessingResponse> answers) {
      this.answers = answers;
      this.waiting = node.onDrain(this::complete);
    }

    @Override
    public synchronized void onNext(ProcessingRequest request) {
      if (ended) return;
      if (!request.hasRequestHeaders()) {
        complete();
        return;
      }
      var host = host(request.getRequestHeaders().getHeaders());
      if (admits(host)) {
        gateway = host;
        answers.onNext(
            ProcessingResponse.newBuilder()
                .setRequestHeaders(HeadersResponse.getDefaultInstance())
                .build());
      } else {
        answers.onNext(rejection());
        complete();
      }
    }

    @Override
    public void onError(Throwable cancelled) {
      end();
    }

    @Override
    public void onCompleted() {
      complete();
    }

    private synchronized void complete() {
      if (end()) answers.onCompleted();
    }

    /** Ends the count; returns whether it had not ended. */
    private synchronized boolean end() {
      if (ended) return false;
      ended = true;
      if (!gateway.isEmpty()) release(gateway);
      waiting.close();
      return true;
    }
  }

  private static String host(HeaderMap headers) {
    return headers.getHeadersList().stream()
        .filter(header -> header.getKey().equals(":authority"))
        .map(header -> header.getRawValue().toStringUtf8() + header.getValue())
        .findFirst()
        .map(host -> host.toLowerCase(Locale.ROOT).split(":", 2)[0])
        .orElse("");
  }

  private ProcessingResponse rejection() {
    var error =
        ApiError.rateLimited(
            cannot(
                "call the gateway",
                "it has " + max + " open requests and WebSockets, its limit",
                "close some or retry later"),
            RETRY_AFTER_SECONDS);
    var headers = HeaderMutation.newBuilder();
    error
        .restHeaders()
        .forEach(
            (name, value) ->
                headers.addSetHeaders(
                    HeaderValueOption.newBuilder()
                        .setHeader(
                            HeaderValue.newBuilder()
                                .setKey(name)
                                .setRawValue(ByteString.copyFromUtf8(value)))));
    return ProcessingResponse.newBuilder()
        .setImmediateResponse(
            ImmediateResponse.newBuilder()
                .setStatus(
                    HttpStatus.newBuilder().setCode(StatusCode.forNumber(error.httpStatus())))
                .setHeaders(headers)
                .setBody(ByteString.copyFromUtf8(error.toJson()))
                .setDetails(DETAILS))
        .build();
  }
}

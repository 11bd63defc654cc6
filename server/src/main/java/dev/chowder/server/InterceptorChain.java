package dev.chowder.server;

import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.ScopeInterceptor;
import dev.chowder.server.call.BoundedRequests;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.call.IncompleteMessages;
import dev.chowder.server.call.OpenCallLimit;
import dev.chowder.server.call.OpenCallsOfOrganization;
import dev.chowder.server.error.ErrorInterceptor;
import dev.chowder.server.error.RequestId;
import dev.chowder.server.metrics.RpcMetrics;
import dev.chowder.server.rules.RequestRules;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The interceptors that a call of the API passes, outermost first. Each has a reason for its place.
 * Does not know services.
 *
 * @param links in the order in which a call passes them
 */
public record InterceptorChain(List<Link> links) {
  /**
   * One place in the chain.
   *
   * @param name as in {@code docs/ARCHITECTURE.md}
   * @param reason what it does, and why at this place
   */
  public record Link(String name, String reason, Step step) {}

  /** The way in which a link gets the calls. */
  public sealed interface Step {
    /** Gets the calls of all services of the server, also of those without a key. */
    record OfServer(ServerInterceptor interceptor) implements Step {}

    /** Gets the calls of the services of the API. */
    record OfApi(ServerInterceptor interceptor) implements Step {}

    /** Replaces the methods of the services of the API. */
    record OfMethods(UnaryOperator<ServerServiceDefinition> change) implements Step {}
  }

  /** Returns the chain of a server. */
  public static InterceptorChain of(
      ServerSettings.Grpc grpc,
      GrpcServer.Gate gate,
      RpcMetrics metrics,
      IncompleteMessages messages) {
    return new InterceptorChain(
        Stream.of(
                beforeTheKey(grpc, gate, metrics, messages),
                fromTheKey(grpc, gate, messages),
                withMessages(grpc, gate))
            .flatMap(List::stream)
            .toList());
  }

  private static List<Link> beforeTheKey(
      ServerSettings.Grpc grpc,
      GrpcServer.Gate gate,
      RpcMetrics metrics,
      IncompleteMessages messages) {
    return List.of(
        new Link(
            "IncompleteMessages.ofAll",
            "Bounds the bytes of messages that are not complete yet, for all callers without a"
                + " key together. First, since bytes arrive before any check.",
            new Step.OfServer(messages.ofAll())),
        link(
            "RequestId",
            "Gives the call an id: Envoy's `x-request-id`, or a new one. Before the links that"
                + " log or fail.",
            RequestId.interceptor()),
        link(
            "RpcMetrics",
            "Measures duration and result, and counts open calls. Outside of"
                + " `ErrorInterceptor`, so that it sees the final status.",
            metrics),
        link(
            "RateLimit.headers",
            "Adds `X-RateLimit-*` to each response. Outside of `ErrorInterceptor`, so that"
                + " errors have them, too.",
            gate.rate().headers()),
        link(
            "ErrorInterceptor",
            "Turns every failure into one `Reason` with details. Outside of the links that"
                + " reject calls.",
            new ErrorInterceptor()),
        link(
            "OpenCallLimit",
            "Bounds the open calls of the node. Before the check of the key, which may wait for"
                + " the database.",
            new OpenCallLimit(grpc.maxOpenCalls())),
        link(
            "CallHeaders",
            "Carries headers between caller and service, and sets the status of a success"
                + " (201, 204) and `Location`. Inside of `ErrorInterceptor`, since errors have"
                + " none of them.",
            new CallHeaders()));
  }

  private static List<Link> fromTheKey(
      ServerSettings.Grpc grpc, GrpcServer.Gate gate, IncompleteMessages messages) {
    return List.of(
        link(
            "AuthInterceptor",
            "Removes the key from the headers and asks `KeyCheck` for its caller. Rejects the"
                + " call if the key is not valid. Before the links that need the caller.",
            new AuthInterceptor(gate.keys(), gate.addresses())),
        link(
            "IncompleteMessages.ofCallers",
            "Charges incomplete messages to the organization of the caller. As soon as the"
                + " caller is known.",
            messages.ofCallers()),
        link(
            "RateLimit.limit",
            "Limits the calls of an organization, or of an address for methods that need no"
                + " key. Before the links that hold something for the call.",
            gate.rate().limit()),
        link(
            "OpenCallsOfOrganization",
            "Bounds the share of open calls that one organization may have. After the rate"
                + " limit, so that a rejected call takes no permit.",
            new OpenCallsOfOrganization(grpc.maxOpenCalls())),
        link(
            "OpenStreams",
            "Ends a stream when its key ends, and any call when its organization is suspended. Inside"
                + " of the limits, so that it polls the keys of admitted calls only.",
            gate.streams()));
  }

  private static List<Link> withMessages(ServerSettings.Grpc grpc, GrpcServer.Gate gate) {
    return List.of(
        new Link(
            "BoundedRequests",
            "Rejects messages that are too large or unreadable. It wraps the methods of a"
                + " service, since gRPC's parser would return INTERNAL. Before the links that"
                + " read messages.",
            new Step.OfMethods(service -> BoundedRequests.of(service, grpc.maxMessageBytes()))),
        link(
            "ScopeInterceptor",
            "Checks the permission of a scoped key for the RPC, and its instances for the"
                + " first message. Before the audit, which records calls that are performed.",
            new ScopeInterceptor()),
        link(
            "AuditLog",
            "Records calls that the protocol marks `audited`, before they are served. Outside"
                + " of `Idempotency`, so that it records repeated calls, too.",
            gate.audit()),
        link(
            "Idempotency",
            "With `Idempotency-Key`: writes the row of the key before the call, or returns the"
                + " stored response. After the checks of caller and permission, so that a stored response"
                + " passed them.",
            gate.idempotency()),
        link(
            "RequestRules",
            "Checks the fields of a request against the rules of the protocol. Last, so that a"
                + " wrong field is audited and stored like an error of the service.",
            new RequestRules()));
  }

  private static Link link(String name, String reason, ServerInterceptor interceptor) {
    return new Link(name, reason, new Step.OfApi(interceptor));
  }

  /** Installs the links that get the calls of all services. */
  void install(ServerBuilder<?> builder) {
    for (var link : links.reversed()) {
      // The builder calls the interceptor first that was added last.
      if (link.step() instanceof Step.OfServer(var interceptor)) builder.intercept(interceptor);
    }
  }

  /** Returns a service of the API inside of the chain. */
  public ServerServiceDefinition around(ServerServiceDefinition service) {
    var inside = service;
    for (var link : links.reversed()) {
      inside =
          switch (link.step()) {
            case Step.OfServer _ -> inside;
            case Step.OfApi(var interceptor) ->
                ServerInterceptors.interceptForward(inside, interceptor);
            case Step.OfMethods(var change) -> change.apply(inside);
          };
    }
    return inside;
  }
}

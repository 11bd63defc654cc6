package dev.chowder.server.operator;

import com.google.protobuf.Message;
import dev.chowder.base.Ids;
import dev.chowder.hostport.HostPortSettings;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.rpc.RpcFacts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Records each call that may change something, before it is performed. Ids are recorded in separate
 * fields. A malformed id is not recorded, and is rejected later.
 */
record OperatorCallAudit(OperatorAudit audit) implements ServerInterceptor {
  /** Returns an interceptor that records calls of methods that do not exist. */
  static ServerInterceptor ofUnknown(OperatorAudit audit) {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        audit.called(OperatorAuthentication.client(), OperatorAudit.UNKNOWN, "", "");
        return next.startCall(call, headers);
      }
    };
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var method = call.getMethodDescriptor();
    var listener = next.startCall(call, headers);
    if (!RpcFacts.of(method).changes()) return listener;
    var client = OperatorAuthentication.client();
    var action = OperatorAudit.PREFIX + method.getBareMethodName();
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onMessage(Q request) {
        record(client, action, (Message) request);
        super.onMessage(request);
      }
    };
  }

  private void record(String client, String action, Message request) {
    var organization = text(request, "organization_id");
    var instance = text(request, "instance_id");
    var sandbox = text(request, "sandbox_id");
    if (SandboxId.isId(sandbox)) instance = new SandboxId(sandbox).instanceId();
    audit.called(
        client,
        action + port(request),
        Ids.isId(organization) ? organization : "",
        Ids.isId(instance) ? instance : "");
  }

  /** Returns the port as the end of an action; empty if there is none. */
  private static String port(Message request) {
    var found = request.getDescriptorForType().findFieldByName("port");
    if (found == null) return "";
    int port = (Integer) request.getField(found);
    return port >= 0 && port <= HostPortSettings.LAST_PORT ? "/" + port : "";
  }

  private static String text(Message request, String field) {
    var found = request.getDescriptorForType().findFieldByName(field);
    return found == null ? "" : (String) request.getField(found);
  }
}

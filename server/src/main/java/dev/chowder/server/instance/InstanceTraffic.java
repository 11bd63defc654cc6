package dev.chowder.server.instance;

import com.google.api.HttpBody;
import dev.chowder.api.v1.GatewayAccess;
import dev.chowder.api.v1.LogLine;
import dev.chowder.instance.InstanceView;
import io.grpc.stub.ServerCallStreamObserver;

/** What goes to and from an instance's own gateway. */
public interface InstanceTraffic {
  /** Passes a message to the agent and its answer back, both unbuffered. The instance runs. */
  void respond(
      InstanceView view, InstanceRequests.Message message, ServerCallStreamObserver<HttpBody> out);

  /** Streams the gateway's log lines. */
  void tailLogs(
      InstanceView view, InstanceRequests.Tail wanted, ServerCallStreamObserver<LogLine> out);

  /** The way to the gateway; WRONG_STATE before it ran for the first time. */
  GatewayAccess access(InstanceView view);
}

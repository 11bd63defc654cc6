package dev.chowder.server.instance;

import dev.chowder.api.v1.LogLine;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.rate.SharedPermits;
import io.grpc.stub.ServerCallStreamObserver;

/**
 * Streams the logs of gateways to callers, and bounds the number of open streams.
 *
 * @param permits one for each open stream
 */
public record InstanceLogs(
    InstanceClient client, Sandboxes sandboxes, KnownSecrets known, SharedPermits permits) {
  /** Streams the log of one gateway. Call it on the call's own thread. */
  void tail(Caller caller, InstanceRequests.Tail wanted, ServerCallStreamObserver<LogLine> out) {
    var view = client.get(caller, new InstanceId(wanted.instanceId()));
    LogStream.run(
        sandboxes.of(view.id().value(), view.profile().home()),
        view.id(),
        wanted,
        masking(view)::mask,
        out,
        client.drain(),
        permits.acquire(view.profile().organizationId()));
  }

  private KnownSecrets.Masking masking(InstanceView view) {
    var config = view.profile().config();
    return known.of(
        view.id(),
        view.profile().organizationId(),
        config.overrides().version(),
        config.channels());
  }
}

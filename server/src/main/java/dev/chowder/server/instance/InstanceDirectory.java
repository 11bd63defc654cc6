package dev.chowder.server.instance;

import dev.chowder.gateway.GatewayTokens;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import dev.chowder.server.gateway.GatewayDirectory;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;

/**
 * Finds gateways by asking their instances, so that a result is never older than the state of the
 * instance.
 *
 * @param isActive whether an organization is active, not suspended or deleted
 */
public record InstanceDirectory(
    Instances instances, GatewayTokens tokens, Predicate<String> isActive)
    implements GatewayDirectory {
  @Override
  public Lookup lookup(Optional<String> organizationId, String instanceId) {
    var id = new InstanceId(instanceId);
    return switch (ask(id)) {
      case InstanceReply.Refused _, InstanceReply.Done() -> new Lookup.NotFound();
      case InstanceReply.Accepted(var view) -> result(organizationId, view);
    };
  }

  private Lookup result(Optional<String> organizationId, InstanceView view) {
    boolean foreign =
        organizationId.filter(own -> !own.equals(view.profile().organizationId())).isPresent();
    if (foreign || !view.isListed()) return new Lookup.NotFound();
    if (!isActive.test(view.profile().organizationId())) return new Lookup.Suspended();
    var status = view.status();
    // Read first. If the rotation finishes after this read, the next token is the active one below.
    var next =
        view.profile().token().isPending() ? tokens.next(view.id()) : Optional.<Secret>empty();
    var token = tokens.active(view.id());
    if (!status.isSteady() || view.endpoint().isEmpty() || token.isEmpty()) {
      return new Lookup.WrongState(status.now().label(), status.desired().label());
    }
    var endpoint = SandboxEndpoint.parse(view.endpoint().get());
    return new Lookup.Target(
        new InetSocketAddress(endpoint.host(), endpoint.port()),
        token.get(),
        next,
        view.profile().home());
  }

  private InstanceReply ask(InstanceId id) {
    try {
      return instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
    } catch (CompletionException e) {
      throw new IllegalStateException("no reply from instance " + id, e.getCause());
    }
  }
}

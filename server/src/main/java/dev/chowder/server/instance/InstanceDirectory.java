package dev.chowder.server.instance;

import dev.chowder.gateway.GatewayTokens;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.secret.Secret;
import dev.chowder.server.gateway.GatewayDirectory;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds gateways by asking their instances, so that a result is never older than the state of the
 * instance.
 *
 * @param sandboxes confirms that addresses are current, so that no other process gets a token
 * @param isActive whether an organization is active, not suspended or deleted
 */
public record InstanceDirectory(
    Instances instances, GatewayTokens tokens, Sandboxes sandboxes, Predicate<String> isActive)
    implements GatewayDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceDirectory.class);

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
    if (!isCurrent(view, endpoint)) return new Lookup.Unconfirmed();
    return new Lookup.Target(
        new InetSocketAddress(endpoint.host(), endpoint.port()),
        token.get(),
        next,
        view.profile().home());
  }

  /** Returns whether the engine confirms that this is the address of the instance's gateway. */
  boolean isCurrent(InstanceView view, SandboxEndpoint endpoint) {
    try {
      return sandboxes.isCurrent(view.id().value(), view.profile().home(), endpoint);
    } catch (SandboxException unknown) {
      LOG.info("instance={} event=endpoint-unknown why={}", view.id(), unknown.getMessage());
      return false;
    }
  }

  private InstanceReply ask(InstanceId id) {
    try {
      return instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
    } catch (CompletionException e) {
      throw new IllegalStateException("no reply from instance " + id, e.getCause());
    }
  }
}

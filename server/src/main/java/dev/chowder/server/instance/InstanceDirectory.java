package dev.chowder.server.instance;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.gateway.GatewayDirectory;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/**
 * Finds gateways by asking their instances, so an answer is never older than the instance's own
 * state.
 */
public final class InstanceDirectory implements GatewayDirectory {
  private final Instances instances;
  private final SecretStore secrets;

  public InstanceDirectory(Instances instances, SecretStore secrets) {
    this.instances = instances;
    this.secrets = secrets;
  }

  @Override
  public Place lookup(Optional<String> organizationId, String instanceId) {
    var id = new InstanceId(instanceId);
    return switch (ask(id)) {
      case InstanceReply.Refused _, InstanceReply.Done() -> new Place.NotFound();
      case InstanceReply.Accepted(var view) -> place(organizationId, view);
    };
  }

  private Place place(Optional<String> organizationId, InstanceView view) {
    boolean foreign =
        organizationId.filter(own -> !own.equals(view.profile().organizationId())).isPresent();
    if (foreign || view.isTerminated()) return new Place.NotFound();
    var status = view.status();
    var token = secrets.get(view.id().value(), SecretNames.GATEWAY_TOKEN);
    if (!status.settled() || view.endpoint().isEmpty() || token.isEmpty()) {
      return new Place.WrongState(status.now().label(), status.desired().label());
    }
    var endpoint = SandboxEndpoint.parse(view.endpoint().get());
    return new Place.Target(new InetSocketAddress(endpoint.host(), endpoint.port()), token.get());
  }

  private InstanceReply ask(InstanceId id) {
    try {
      return instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
    } catch (CompletionException e) {
      throw new IllegalStateException("instance " + id + " did not answer", e.getCause());
    }
  }
}

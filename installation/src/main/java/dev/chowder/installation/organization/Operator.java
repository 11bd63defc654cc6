package dev.chowder.installation.organization;

import com.google.protobuf.Message;
import dev.chowder.admin.command.Invocation;
import dev.chowder.admin.node.LocalNodes;
import dev.chowder.cli.command.Environment;
import dev.chowder.installation.site.NodeConfig;
import dev.chowder.installation.site.Site;

/** Calls the operator API of the nodes. Needs no Envoy. */
public interface Operator {
  /**
   * Calls an RPC and returns its response.
   *
   * @param rpc such as {@code ListOrganizations}
   * @param type of the response
   */
  <T extends Message> T call(String rpc, Message request, T type);

  /** Returns the operator API of an installation. */
  static Operator of(Site site) {
    var variables = site.variables();
    var environment = Environment.silent(variables.all());
    return new OfNodes(new Invocation(environment, () -> NodeConfig.of(variables)));
  }

  /** The first node that serves a call. */
  record OfNodes(Invocation invocation) implements Operator {
    @Override
    public <T extends Message> T call(String rpc, Message request, T type) {
      return LocalNodes.all(invocation).call(rpc, request).as(type);
    }
  }
}

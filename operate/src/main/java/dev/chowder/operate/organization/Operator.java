package dev.chowder.operate.organization;

import com.google.protobuf.Message;
import dev.chowder.operate.admin.node.LocalNodes;
import dev.chowder.operate.command.Invocation;

/** Calls the operator API of the nodes. Needs no Envoy. */
@FunctionalInterface
public interface Operator {
  /**
   * Calls the RPC of a request, and returns its response.
   *
   * @param type of the response
   */
  <T extends Message> T call(Message request, T type);

  /**
   * Returns the operator API of an installation, of which the first node that can serves a call.
   */
  static Operator of(Invocation invocation) {
    return new OfNodes(invocation);
  }

  /** The nodes of an installation. */
  record OfNodes(Invocation invocation) implements Operator {
    @Override
    public <T extends Message> T call(Message request, T type) {
      return LocalNodes.all(invocation).call(request).as(type);
    }
  }
}

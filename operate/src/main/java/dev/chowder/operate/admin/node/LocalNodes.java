package dev.chowder.operate.admin.node;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.chowder.client.Reply;
import dev.chowder.operate.command.Invocation;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * The nodes of the installation on this machine. A call goes to the first node that serves it: some
 * calls are served only by the node that reconciles, and a node may be down.
 */
public record LocalNodes(Invocation invocation, int first, int last) {
  /** Returns all nodes. */
  public static LocalNodes all(Invocation invocation) {
    return new LocalNodes(invocation, 1, invocation.installation().nodes());
  }

  /**
   * Returns one node.
   *
   * @param number from 1
   */
  static LocalNodes only(Invocation invocation, int number) {
    return new LocalNodes(invocation, number, number);
  }

  /** Returns the numbers of the nodes. */
  public IntStream numbers() {
    return IntStream.rangeClosed(first, last);
  }

  /** Calls the RPC of a request on the first node that serves it. */
  public Reply call(Message request) {
    return call(rpc(request), json(request));
  }

  /**
   * Calls an RPC on the first node that serves it.
   *
   * @param request as JSON
   */
  Reply call(String rpc, String request) {
    CallFailure failure = null;
    for (int number = first; number <= last; number++) {
      try {
        return node(number).call(rpc, request);
      } catch (CallFailure failed) {
        // Nothing was done, so that the next node may do it.
        if (!failed.isForAnotherNode()) throw failed;
        failure = failure == null ? failed : failure;
      }
    }
    throw Objects.requireNonNull(failure);
  }

  /** Calls the RPC of a request on the node with this number. */
  public Reply callOn(int number, Message request) {
    return node(number).call(rpc(request), json(request));
  }

  /** Each RPC has a request of its own, with its name (the rules of Buf). */
  public static String rpc(Message request) {
    var type = request.getDescriptorForType().getName();
    return type.substring(0, type.length() - "Request".length());
  }

  private Node node(int number) {
    return new Node(invocation.config(), invocation.settings(), number);
  }

  private static String json(Message request) {
    try {
      return JsonFormat.printer().omittingInsignificantWhitespace().print(request);
    } catch (InvalidProtocolBufferException impossible) {
      throw new IllegalStateException(
          cannot("print the request", "it has unknown types"), impossible);
    }
  }
}

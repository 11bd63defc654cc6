package dev.chowder.operate.admin.node;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.server.error.ApiError;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.net.ConnectException;

/** A node rejected a call, or could not be reached. */
public final class CallFailure extends CommandException {
  private static final long serialVersionUID = 1L;

  private final boolean isForAnotherNode;

  private CallFailure(
      ExitCode code, String message, boolean isForAnotherNode, StatusRuntimeException cause) {
    super(code, message, cause);
    this.isForAnotherNode = isForAnotherNode;
  }

  /**
   * Returns the failure as one sentence with the remedy.
   *
   * @param node its number
   * @param port its operator port
   */
  static CallFailure of(StatusRuntimeException failed, int node, int port) {
    var status = StatusProto.fromThrowable(failed);
    if (status == null || status.getDetailsCount() == 0) {
      var grpc = failed.getStatus();
      boolean wasNotSent = grpc.getCause() instanceof ConnectException;
      return new CallFailure(
          ExitCode.UNAVAILABLE,
          cannot(
              "call the operator port " + port + " of node " + node,
              wasNotSent ? "no program listens there" : text(grpc),
              wasNotSent
                  ? "start the node with \"chowder up\", or name another one with --node"
                  : "check that it is a running node of this installation"),
          wasNotSent,
          failed);
    }
    var error = ApiError.of(status);
    var message = error.message();
    // Some messages are a whole sentence.
    var cause = message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    var remedy = remedy(error);
    return new CallFailure(
        ClientFailure.code(error.httpStatus(), error.reason().name()),
        remedy.isEmpty() ? cause : cause + "; " + remedy,
        error.namesAnotherNode(),
        failed);
  }

  /** Returns whether this node did nothing, and another one may serve the call. */
  boolean isForAnotherNode() {
    return isForAnotherNode;
  }

  private static String text(Status status) {
    var description = status.getDescription();
    return description == null ? status.getCode().name() : status.getCode() + " " + description;
  }

  private static String remedy(ApiError error) {
    return switch (error.reason()) {
      case KEY_INVALID -> "set CHOWDER_HOME as for the node";
      case ORGANIZATION_NOT_FOUND -> "\"chowder admin organizations ls\" lists all organizations";
      default -> "";
    };
  }
}

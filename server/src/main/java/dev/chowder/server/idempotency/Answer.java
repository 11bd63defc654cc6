package dev.chowder.server.idempotency;

import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.IdempotencyRows;

/** The result of a call with an idempotency key. */
sealed interface Answer {
  /** The call succeeded with this response. */
  record Message(ByteString bytes) implements Answer {}

  /** The call failed with this error. */
  record Refusal(ApiError why) implements Answer {}

  /** The call succeeded, and its response may not be returned again. */
  record Done(String resourceId) implements Answer {}

  /** Returns the stored form. */
  static IdempotencyRows.Answer toRow(Answer answer) {
    return switch (answer) {
      case Message(var bytes) -> new IdempotencyRows.Answer("message", bytes);
      case Refusal(var why) ->
          new IdempotencyRows.Answer("refusal", why.toStatusProto().toByteString());
      case Done _ -> new IdempotencyRows.Answer("done", ByteString.EMPTY);
    };
  }

  static Answer of(IdempotencyRows.Answer stored, String resourceId) {
    return switch (stored.outcome()) {
      case "message" -> new Message(stored.bytes());
      case "refusal" -> new Refusal(refusal(stored.bytes()));
      case "done" -> new Done(resourceId);
      case String other ->
          throw new IllegalStateException(must("outcome", "be message, refusal or done", other));
    };
  }

  private static ApiError refusal(ByteString bytes) {
    try {
      return ApiError.of(com.google.rpc.Status.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(must("stored error", "be a google.rpc.Status"), e);
    }
  }
}

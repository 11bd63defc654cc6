package dev.chowder.server.idempotency;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.IdempotencyRows;

/** What a call with a key came to. */
sealed interface Answer {
  /** It succeeded with this message. */
  record Message(ByteString bytes) implements Answer {}

  /** It was refused. */
  record Refusal(ApiError why) implements Answer {}

  /** It succeeded, and its answer may not be given again. */
  record Done(String resourceId) implements Answer {}

  /** As it is stored. */
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
          throw new IllegalStateException(
              "outcome: " + other + " (expected: message, refusal or done)");
    };
  }

  private static ApiError refusal(ByteString bytes) {
    try {
      return ApiError.of(com.google.rpc.Status.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("stored refusal: not readable (expected: a Status)", e);
    }
  }
}

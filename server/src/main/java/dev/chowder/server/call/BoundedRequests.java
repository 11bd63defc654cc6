package dev.chowder.server.call;

import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.UnsafeByteOperations;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import io.grpc.ForwardingServerCall;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Rejects request messages that are too large or not valid protobuf with the errors of the API.
 * gRPC's own marshaller would return INTERNAL or UNKNOWN, as if the server had a bug. Does not know
 * any message type.
 */
public final class BoundedRequests {
  // A level of JSON takes three levels of messages (Value, Struct, its entry), so gRPC's limit of
  // 100 would allow 33 levels. StructJson limits the depth of JSON.
  private static final int RECURSION_LIMIT = 500;

  private BoundedRequests() {}

  /** Returns the service with request messages of at most {@code maxBytes} each. */
  public static ServerServiceDefinition of(ServerServiceDefinition service, int maxBytes) {
    return ServiceMethods.changed(service, method -> bounded(method, maxBytes));
  }

  private static <Q, A> ServerMethodDefinition<Received, A> bounded(
      ServerMethodDefinition<Q, A> method, int maxBytes) {
    MethodDescriptor<Q, A> original = method.getMethodDescriptor();
    MethodDescriptor<Received, A> descriptor =
        original.toBuilder(new BoundedMarshaller(maxBytes), original.getResponseMarshaller())
            .build();
    ServerCallHandler<Q, A> handler = method.getServerCallHandler();
    return ServerMethodDefinition.create(
        descriptor,
        (call, headers) ->
            new ParsingListener<>(
                handler.startCall(new OriginalCall<>(call, original), headers),
                bytes -> parsed(bytes, original.getRequestMarshaller()),
                original.getType().clientSendsOneMessage()));
  }

  /** A message that is not parsed yet, or the reason for its rejection. */
  private sealed interface Received {
    record Message(ByteString bytes) implements Received {}

    record Rejected(ApiError why) implements Received {}
  }

  private record BoundedMarshaller(int maxBytes) implements MethodDescriptor.Marshaller<Received> {
    @Override
    public InputStream stream(Received value) {
      throw new UnsupportedOperationException("a server never sends requests");
    }

    @Override
    public Received parse(InputStream stream) {
      try {
        byte[] bytes = stream.readNBytes(maxBytes + 1);
        if (bytes.length <= maxBytes) {
          return new Received.Message(UnsafeByteOperations.unsafeWrap(bytes));
        }
        return new Received.Rejected(
            ApiError.of(Reason.TOO_LARGE, must("message", "be at most " + maxBytes + " bytes")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static <Q> Q parsed(ByteString bytes, MethodDescriptor.Marshaller<Q> marshaller) {
    try {
      if (marshaller instanceof MethodDescriptor.PrototypeMarshaller<Q> typed
          && typed.getMessagePrototype() instanceof MessageLite prototype) {
        var input = bytes.newCodedInput();
        input.setRecursionLimit(RECURSION_LIMIT);
        @SuppressWarnings("unchecked") // A message's parser makes messages of its own class.
        Q parsed = (Q) prototype.getParserForType().parseFrom(input);
        return parsed;
      }
      return marshaller.parse(bytes.newInput());
    } catch (InvalidProtocolBufferException e) {
      throw ApiError.of(
          Reason.INVALID_FIELD, must("message", "be the request message of this RPC in protobuf"));
    }
  }

  private static final class OriginalCall<Q, A> extends ForwardingServerCall<Q, A> {
    private final ServerCall<Received, A> call;
    private final MethodDescriptor<Q, A> method;

    OriginalCall(ServerCall<Received, A> call, MethodDescriptor<Q, A> method) {
      this.call = call;
      this.method = method;
    }

    // The two calls differ only in the type of the request, which no method of a call has as a
    // parameter.
    @Override
    @SuppressWarnings("unchecked")
    protected ServerCall<Q, A> delegate() {
      return (ServerCall<Q, A>) (ServerCall<?, A>) call;
    }

    @Override
    public MethodDescriptor<Q, A> getMethodDescriptor() {
      return method;
    }
  }

  /**
   * Parses messages. The only message of a call is parsed at the end of the request. Parsed objects
   * may take many times the memory of the bytes, and the client decides when the request ends.
   */
  private static final class ParsingListener<Q> extends ServerCall.Listener<Received> {
    private final ServerCall.Listener<Q> listener;
    private final Function<ByteString, Q> parser;
    private final boolean isOnlyOne;
    private @Nullable ByteString kept;

    ParsingListener(
        ServerCall.Listener<Q> listener, Function<ByteString, Q> parser, boolean isOnlyOne) {
      this.listener = listener;
      this.parser = parser;
      this.isOnlyOne = isOnlyOne;
    }

    @Override
    public void onMessage(Received received) {
      switch (received) {
        case Received.Message(var bytes) -> {
          // A second message is an error, which gRPC detects.
          deliver();
          if (isOnlyOne) kept = bytes;
          else listener.onMessage(parser.apply(bytes));
        }
        // The error interceptor around this listener closes the call with this error.
        case Received.Rejected(var why) -> throw why;
      }
    }

    @Override
    public void onHalfClose() {
      deliver();
      listener.onHalfClose();
    }

    private void deliver() {
      var bytes = kept;
      kept = null;
      if (bytes != null) listener.onMessage(parser.apply(bytes));
    }

    @Override
    public void onCancel() {
      listener.onCancel();
    }

    @Override
    public void onComplete() {
      listener.onComplete();
    }

    @Override
    public void onReady() {
      listener.onReady();
    }
  }
}

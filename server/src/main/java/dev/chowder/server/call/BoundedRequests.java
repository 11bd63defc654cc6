package dev.chowder.server.call;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.ForwardingServerCall;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * Makes a service answer requests that are too large or that are no protobuf with the API's errors.
 * gRPC's own marshaller would answer INTERNAL or UNKNOWN, as if that were a bug of ours. It knows
 * no message.
 */
public final class BoundedRequests {
  // A level of JSON takes three levels of messages (Value, Struct, its entry), so gRPC's 100 would
  // end at 33 levels. How deep JSON may be is decided where it is read.
  private static final int RECURSION_LIMIT = 500;

  private BoundedRequests() {}

  /** The same service, whose request messages have at most {@code maxBytes} each. */
  public static ServerServiceDefinition of(ServerServiceDefinition service, int maxBytes) {
    return ServiceMethods.changed(service, method -> bounded(method, maxBytes));
  }

  private static <Q, A> ServerMethodDefinition<Parsed<Q>, A> bounded(
      ServerMethodDefinition<Q, A> method, int maxBytes) {
    MethodDescriptor<Q, A> original = method.getMethodDescriptor();
    MethodDescriptor<Parsed<Q>, A> descriptor =
        original.toBuilder(
                new BoundedMarshaller<>(original.getRequestMarshaller(), maxBytes),
                original.getResponseMarshaller())
            .build();
    ServerCallHandler<Q, A> handler = method.getServerCallHandler();
    return ServerMethodDefinition.create(
        descriptor,
        (call, headers) ->
            new UnwrappingListener<>(
                handler.startCall(new OriginalCall<>(call, original), headers)));
  }

  private sealed interface Parsed<Q> {
    record Good<Q>(Q request) implements Parsed<Q> {}

    record Bad<Q>(ApiError why) implements Parsed<Q> {}
  }

  private record BoundedMarshaller<Q>(MethodDescriptor.Marshaller<Q> marshaller, int maxBytes)
      implements MethodDescriptor.Marshaller<Parsed<Q>> {
    @Override
    public InputStream stream(Parsed<Q> value) {
      throw new UnsupportedOperationException("a server never sends requests");
    }

    @Override
    public Parsed<Q> parse(InputStream stream) {
      try {
        byte[] bytes = stream.readNBytes(maxBytes + 1);
        if (bytes.length > maxBytes) {
          return new Parsed.Bad<>(
              ApiError.of(
                  Reason.TOO_LARGE,
                  "message: more than " + maxBytes + " bytes (expected: at most that)"));
        }
        return new Parsed.Good<>(message(bytes));
      } catch (InvalidProtocolBufferException e) {
        return new Parsed.Bad<>(
            ApiError.of(
                Reason.INVALID_FIELD,
                "message: not readable (expected: this RPC's request as protobuf)"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private Q message(byte[] bytes) throws IOException {
      if (marshaller instanceof MethodDescriptor.PrototypeMarshaller<Q> typed
          && typed.getMessagePrototype() instanceof MessageLite prototype) {
        var input = CodedInputStream.newInstance(bytes);
        input.setRecursionLimit(RECURSION_LIMIT);
        @SuppressWarnings("unchecked") // A message's parser makes messages of its own class.
        Q parsed = (Q) prototype.getParserForType().parseFrom(input);
        return parsed;
      }
      return marshaller.parse(new java.io.ByteArrayInputStream(bytes));
    }
  }

  private static final class OriginalCall<Q, A> extends ForwardingServerCall<Q, A> {
    private final ServerCall<Parsed<Q>, A> call;
    private final MethodDescriptor<Q, A> method;

    OriginalCall(ServerCall<Parsed<Q>, A> call, MethodDescriptor<Q, A> method) {
      this.call = call;
      this.method = method;
    }

    // The two calls differ in the type of the request alone, which no method of the call's takes.
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

  private static final class UnwrappingListener<Q> extends ServerCall.Listener<Parsed<Q>> {
    private final ServerCall.Listener<Q> listener;

    UnwrappingListener(ServerCall.Listener<Q> listener) {
      this.listener = listener;
    }

    @Override
    public void onMessage(Parsed<Q> message) {
      switch (message) {
        case Parsed.Good<Q>(var request) -> listener.onMessage(request);
        // The error interceptor around this listener closes the call with it.
        case Parsed.Bad<Q>(var why) -> throw why;
      }
    }

    @Override
    public void onHalfClose() {
      listener.onHalfClose();
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

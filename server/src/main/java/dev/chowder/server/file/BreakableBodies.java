package dev.chowder.server.file;

import com.google.api.HttpBody;
import dev.chowder.server.call.ServiceMethods;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.InputStream;

/**
 * Bodies that can break off. Over REST an error behind a body that has begun looks like the body's
 * good end; a stream that is reset is a connection that breaks, and its caller sees that at once.
 * gRPC resets the stream of a message that it cannot write, and there is no other way to ask for
 * it.
 */
final class BreakableBodies {
  /** Sent instead of the next piece, it resets the stream. */
  static final HttpBody BREAK = HttpBody.newBuilder().setContentType("broken off").build();

  private BreakableBodies() {}

  /** The same service, which may send {@link #BREAK}. */
  static ServerServiceDefinition in(ServerServiceDefinition service) {
    return ServiceMethods.changed(service, BreakableBodies::breakable);
  }

  private static <Q, A> ServerMethodDefinition<Q, A> breakable(
      ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> original = method.getMethodDescriptor();
    var answers = new BreakableMarshaller<>(original.getResponseMarshaller());
    return ServerMethodDefinition.create(
        original.toBuilder(original.getRequestMarshaller(), answers).build(),
        method.getServerCallHandler());
  }

  private record BreakableMarshaller<A>(Marshaller<A> marshaller) implements Marshaller<A> {
    @Override
    @SuppressWarnings("ReferenceEquality") // An equal one could be somebody's file.
    public InputStream stream(A value) {
      if (value == BREAK) throw new BrokenOff();
      return marshaller.stream(value);
    }

    @Override
    public A parse(InputStream stream) {
      return marshaller.parse(stream);
    }
  }

  /** Which gRPC logs: in one line, since what it comes from was dealt with. */
  private static final class BrokenOff extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BrokenOff() {
      super("a body broke off (expected: all that was announced)", null, false, false);
    }
  }
}

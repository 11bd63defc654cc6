package dev.chowder.server.stream;

import static dev.chowder.base.ErrorText.cannot;

import com.google.api.HttpBody;
import dev.chowder.server.call.ServiceMethods;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.InputStream;

/**
 * Response bodies whose stream can be reset. Over REST, an error after a body has begun looks like
 * the regular end of the body. A reset stream breaks the connection, which the caller notices at
 * once. gRPC offers no call for a reset, but resets the stream if it cannot write a message.
 */
public final class ResettableBodies {
  /** Resets the stream when it is sent instead of the next piece. */
  static final HttpBody RESET = HttpBody.newBuilder().setContentType("reset").build();

  private ResettableBodies() {}

  /** Returns the service with responses that {@link BodySink#resettable} can reset. */
  public static ServerServiceDefinition in(ServerServiceDefinition service) {
    return ServiceMethods.changed(service, ResettableBodies::resettable);
  }

  private static <Q, A> ServerMethodDefinition<Q, A> resettable(
      ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> original = method.getMethodDescriptor();
    var responses = new ResettableMarshaller<>(original.getResponseMarshaller());
    return ServerMethodDefinition.create(
        original.toBuilder(original.getRequestMarshaller(), responses).build(),
        method.getServerCallHandler());
  }

  private record ResettableMarshaller<A>(Marshaller<A> marshaller) implements Marshaller<A> {
    @Override
    @SuppressWarnings("ReferenceEquality") // An equal body could be a file's content.
    public InputStream stream(A value) {
      if (value == RESET) throw new Reset();
      return marshaller.stream(value);
    }

    @Override
    public A parse(InputStream stream) {
      return marshaller.parse(stream);
    }
  }

  /** Has no stack trace, since gRPC logs it and its cause was handled before. */
  private static final class Reset extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Reset() {
      super(cannot("send the whole body", "its source failed"), null, false, false);
    }
  }
}

package dev.chowder.server.call;

import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.HandlerRegistry;
import io.grpc.MethodDescriptor;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answers calls of methods that no service has with the API's own error. gRPC would answer them
 * itself, without the details that every error of the API carries.
 */
public final class UnknownMethods extends HandlerRegistry {
  // One name for all of them: callers choose theirs, and figures are kept by name.
  private static final String SERVICE = "unknown";
  private static final String METHOD = SERVICE + "/unknown";

  private final @Nullable ServerMethodDefinition<?, ?> refusal;

  /**
   * Refuses every method.
   *
   * @param chain what the refusal passes through; it must turn an {@link ApiError} into an answer
   */
  public UnknownMethods(List<ServerInterceptor> chain) {
    var method =
        MethodDescriptor.newBuilder(new Untouched(), new Untouched())
            .setType(MethodDescriptor.MethodType.UNKNOWN)
            .setFullMethodName(METHOD)
            .build();
    var service =
        ServerServiceDefinition.builder(SERVICE)
            .addMethod(
                method,
                (call, headers) -> {
                  throw ApiError.of(
                      Reason.PATH_NOT_FOUND,
                      "method: not part of the API (expected: one that reflection lists)");
                })
            .build();
    refusal = ServerInterceptors.interceptForward(service, chain).getMethod(METHOD);
  }

  @Override
  public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
      String methodName, @Nullable String authority) {
    return refusal;
  }

  /** Nothing is read: the call is refused before. */
  private static final class Untouched implements MethodDescriptor.Marshaller<InputStream> {
    @Override
    public InputStream stream(InputStream value) {
      return value;
    }

    @Override
    public InputStream parse(InputStream stream) {
      return stream;
    }
  }
}

package dev.chowder.server.call;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
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
 * Rejects calls of methods that do not exist with an error of the API. gRPC's own error would not
 * have the details that every error of the API has.
 */
public final class UnknownMethods extends HandlerRegistry {
  // All have one name, because metrics are kept by name and callers could choose any number of
  // names.
  private static final String SERVICE = "unknown";
  private static final String METHOD = SERVICE + "/unknown";

  private final @Nullable ServerMethodDefinition<?, ?> rejection;

  /**
   * Creates a registry that rejects every method.
   *
   * @param chain interceptors of the rejection; they must turn an {@link ApiError} into a response
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
                      Reason.PATH_NOT_FOUND, must("method", "be one that reflection lists"));
                })
            .build();
    rejection = ServerInterceptors.interceptForward(service, chain).getMethod(METHOD);
  }

  @Override
  public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
      String methodName, @Nullable String authority) {
    return rejection;
  }

  /** Reads nothing, since the call is rejected before. */
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

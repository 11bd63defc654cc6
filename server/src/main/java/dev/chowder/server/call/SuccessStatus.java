package dev.chowder.server.call;

import static java.util.stream.Collectors.toUnmodifiableMap;

import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SkillServiceGrpc;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sets the HTTP status of RPCs that succeed with another one than 200, and the location of a
 * created resource. Does not change errors.
 */
public final class SuccessStatus implements ServerInterceptor {
  private static final Metadata.Key<String> HTTP_STATUS =
      Metadata.Key.of("x-http-status", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> LOCATION =
      Metadata.Key.of("location", Metadata.ASCII_STRING_MARSHALLER);

  /** Status by full method name. All other RPCs return 200. The documents are generated from it. */
  public static final Map<String, Integer> BY_METHOD =
      Stream.concat(
              withStatus(
                  201,
                  OrganizationServiceGrpc.getSignUpMethod(),
                  InstanceServiceGrpc.getCreateInstanceMethod(),
                  KeyServiceGrpc.getCreateKeyMethod()),
              withStatus(
                  204,
                  InstanceServiceGrpc.getDeleteInstanceMethod(),
                  InstanceServiceGrpc.getDeleteSessionMethod(),
                  KeyServiceGrpc.getRevokeKeyMethod(),
                  FileServiceGrpc.getPutFileContentMethod(),
                  FileServiceGrpc.getUploadFileMethod(),
                  FileServiceGrpc.getMoveFileMethod(),
                  FileServiceGrpc.getDeleteFileMethod(),
                  FileServiceGrpc.getMakeFolderMethod(),
                  SkillServiceGrpc.getUpdateSkillMethod(),
                  SkillServiceGrpc.getDeleteSkillMethod(),
                  ChannelServiceGrpc.getDisconnectChannelMethod()))
          .collect(toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

  private static Stream<Map.Entry<String, Integer>> withStatus(
      int status, MethodDescriptor<?, ?>... methods) {
    return Arrays.stream(methods).map(method -> Map.entry(method.getFullMethodName(), status));
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Integer status = BY_METHOD.get(call.getMethodDescriptor().getFullMethodName());
    return next.startCall(status == null ? call : new DelayedHeadersCall<>(call, status), headers);
  }

  /** Delays the headers until the message, because {@code Location} comes from the message. */
  private static final class DelayedHeadersCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final int status;
    private @Nullable Metadata held;

    DelayedHeadersCall(ServerCall<Q, A> call, int status) {
      super(call);
      this.status = status;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (headers.containsKey(HTTP_STATUS)) {
        super.sendHeaders(headers);
      } else {
        held = headers;
      }
    }

    @Override
    public void sendMessage(A message) {
      Metadata headers = held;
      if (headers != null) {
        held = null;
        headers.put(HTTP_STATUS, Integer.toString(status));
        location(message).ifPresent(path -> headers.put(LOCATION, path));
        super.sendHeaders(headers);
      }
      super.sendMessage(message);
    }
  }

  private static Optional<String> location(Object created) {
    return switch (created) {
      case Instance instance -> Optional.of("/v1/instances/" + instance.getId());
      case Key key -> Optional.of("/v1/keys/" + key.getId());
      default -> Optional.empty();
    };
  }
}

package dev.chowder.server.edge;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A gRPC client without generated stubs, which cannot send what these tests must send. */
final class RawGrpc {
  private static final int LIMIT_SECONDS = 20;

  private RawGrpc() {}

  /**
   * The end of a call.
   *
   * @param reasons reasons of the {@code ErrorInfo}s in its details
   */
  record End(Status.Code code, String message, List<String> reasons) {}

  /** Calls a method by its full name and reads all responses. */
  static End call(Channel channel, String method, byte[] request, Metadata headers) {
    return call(channel, method, request, headers, answers -> answers.forEachRemaining(_ -> {}));
  }

  /** As above, but cancels the call at the first response, which counts as OK. */
  static End begin(Channel channel, String method, byte[] request, Metadata headers) {
    var leaving = Context.current().withCancellation();
    try {
      return leaving.call(
          () ->
              call(
                  channel,
                  method,
                  request,
                  headers,
                  answers -> {
                    var _ = answers.hasNext();
                  }));
    } catch (Exception impossible) {
      throw new AssertionError(impossible);
    } finally {
      leaving.cancel(null);
    }
  }

  private static End call(
      Channel channel,
      String method,
      byte[] request,
      Metadata headers,
      Consumer<Iterator<byte[]>> reader) {
    var bytes = new Bytes();
    var descriptor =
        MethodDescriptor.newBuilder(bytes, bytes)
            // On the wire a single response is a stream of one.
            .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
            .setFullMethodName(method)
            .build();
    var intercepted =
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    try {
      reader.accept(
          ClientCalls.blockingServerStreamingCall(
              intercepted,
              descriptor,
              CallOptions.DEFAULT.withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS),
              request));
      return new End(Status.Code.OK, "", List.of());
    } catch (StatusRuntimeException thrown) {
      return end(thrown);
    }
  }

  private static End end(StatusRuntimeException thrown) {
    var details = StatusProto.fromThrowable(thrown);
    var reasons =
        details == null
            ? List.<String>of()
            : details.getDetailsList().stream()
                .filter(detail -> detail.is(ErrorInfo.class))
                .map(RawGrpc::reason)
                .toList();
    return new End(
        thrown.getStatus().getCode(),
        String.valueOf(thrown.getStatus().getDescription()) + " " + details,
        reasons);
  }

  private static String reason(Any detail) {
    try {
      return detail.unpack(ErrorInfo.class).getReason();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  /** Passes messages as raw bytes. */
  static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}

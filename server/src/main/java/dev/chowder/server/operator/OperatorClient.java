package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.chowder.api.operator.v1.OperatorServiceProto;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.util.Objects;

/** Calls the operator port of a node, with requests and responses as JSON. Blocks. */
public final class OperatorClient {
  /** Prints what Envoy prints for the same response. */
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer()
          .preservingProtoFieldNames()
          .alwaysPrintFieldsWithNoPresence()
          .omittingInsignificantWhitespace();

  private final Channel channel;
  private final String token;

  /**
   * Creates a client.
   *
   * @param channel to the operator port
   */
  public OperatorClient(Channel channel, String token) {
    this.channel = channel;
    this.token = token;
  }

  /**
   * Calls an RPC and waits for its response; the node limits the time.
   *
   * @param rpc name of the RPC, such as {@code ListOrganizations}
   * @param request the request as a JSON object, as over REST
   * @return the response as JSON
   * @throws IllegalArgumentException if there is no such RPC, or if the request is malformed
   * @throws io.grpc.StatusRuntimeException if the node rejects the call or does not answer
   */
  public String call(String rpc, String request) {
    var method = method(rpc);
    var input = DynamicMessage.newBuilder(method.getInputType());
    try {
      JsonFormat.parser().merge(request, input);
    } catch (InvalidProtocolBufferException malformed) {
      throw new IllegalArgumentException(
          must("request", "be JSON of " + method.getInputType().getName())
              + ": "
              + malformed.getMessage(),
          malformed);
    }
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + token);
    var answer =
        ClientCalls.blockingUnaryCall(
            ClientInterceptors.intercept(
                channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
            grpc(method),
            CallOptions.DEFAULT,
            input.build());
    try {
      return PRINTER.print(answer);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(cannot("print the response", "it has unknown types"), e);
    }
  }

  private static MethodDescriptor method(String rpc) {
    var service = OperatorServiceProto.getDescriptor().findServiceByName("OperatorService");
    var method = service.findMethodByName(rpc);
    if (method == null) {
      throw new IllegalArgumentException(
          must(
              "RPC",
              "be one of "
                  + String.join(
                      ", ", service.getMethods().stream().map(MethodDescriptor::getName).toList()),
              rpc));
    }
    return method;
  }

  private static io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> grpc(
      MethodDescriptor method) {
    return io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
        .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(
            io.grpc.MethodDescriptor.generateFullMethodName(
                Objects.requireNonNull(method.getService()).getFullName(), method.getName()))
        .setRequestMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
        .setResponseMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
        .build();
  }
}

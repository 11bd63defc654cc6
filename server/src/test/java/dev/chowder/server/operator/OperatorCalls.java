package dev.chowder.server.operator;

import dev.chowder.api.operator.v1.OperatorServiceProto;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rpc.RpcFacts;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Calls of an operator to a port of this machine. */
public final class OperatorCalls {
  private OperatorCalls() {}

  /**
   * A response.
   *
   * @param statusCode the status that REST callers get
   * @param body the response or error as JSON, as REST callers get it
   */
  public record Answer(int statusCode, String body) {}

  /**
   * Calls an RPC without Envoy.
   *
   * @throws StatusRuntimeException if the connection fails
   */
  public static Answer send(int port, String token, String rpc, String request) {
    var channel = NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    try {
      var body = new OperatorClient(channel, token).call(rpc, request);
      var method =
          OperatorServiceProto.getDescriptor()
              .findServiceByName("OperatorService")
              .findMethodByName(rpc);
      return new Answer(RpcFacts.of(method).successStatus(), body);
    } catch (StatusRuntimeException refused) {
      var status = StatusProto.fromThrowable(refused);
      if (status == null || status.getDetailsCount() == 0) throw refused;
      var error = ApiError.of(status);
      return new Answer(error.httpStatus(), error.toJson());
    } finally {
      channel.shutdownNow();
    }
  }

  /** Returns a request with these fields; their values need no escapes. */
  public static String request(String... namesAndValues) {
    var fields = new LinkedHashMap<String, String>();
    for (int n = 0; n < namesAndValues.length; n += 2) {
      fields.put(namesAndValues[n], namesAndValues[n + 1]);
    }
    return fields.entrySet().stream()
        .map(OperatorCalls::field)
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String field(Map.Entry<String, String> field) {
    return "\"" + field.getKey() + "\":\"" + field.getValue() + "\"";
  }
}

package dev.chowder.server.operator;

import com.sun.net.httpserver.HttpExchange;
import dev.chowder.server.error.ApiError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A response on the operator port. */
record OperatorAnswer(int status, String contentType, String body) {
  static OperatorAnswer json(int status, Object tree) {
    return new OperatorAnswer(status, "application/json", tree + "\n");
  }

  static OperatorAnswer of(ApiError error) {
    return new OperatorAnswer(error.httpStatus(), "application/json", error.toJson() + "\n");
  }

  void writeTo(HttpExchange exchange) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    var headers = exchange.getResponseHeaders();
    headers.set("content-type", contentType);
    headers.set("cache-control", "no-store");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}

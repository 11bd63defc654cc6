package dev.chowder.server.stream;

import io.grpc.stub.StreamObserver;

/** Calls with one response. */
public final class Unary {
  private Unary() {}

  /** Sends the response and ends the call. */
  public static <T> void answer(StreamObserver<T> out, T message) {
    out.onNext(message);
    out.onCompleted();
  }
}

package dev.chowder.remote;

import dev.chowder.remote.EngineErrors.InvalidRequestException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A call of a client at a server, for handlers that block. Each call has a thread of its own, which
 * is interrupted if the client cancels the call or disconnects. Buffers one message in each
 * direction, and then slows down the client or the handler.
 */
final class HandlerCall<Q, R> implements StreamObserver<Q> {
  private final ServerCallStreamObserver<R> out;
  private final Queue<Q> received = new ArrayDeque<>();
  private boolean complete;
  private boolean gone;
  private boolean ended;
  private @Nullable Thread thread;

  private HandlerCall(StreamObserver<R> out) {
    this.out = (ServerCallStreamObserver<R>) out;
  }

  /** Handles a call. */
  interface Handler<Q, R> {
    /** Handles the call in its thread. The call ends when this returns or throws. */
    void handle(HandlerCall<Q, R> call) throws IOException;
  }

  /** Computes the response of a call. */
  interface Work<R> {
    R run() throws IOException;
  }

  /** Starts to handle a call with one request and one response. */
  static <R> void unary(StreamObserver<R> out, Work<R> work) {
    responses(out, call -> call.send(work.run()));
  }

  /** Starts to handle a call with one request and a stream of responses. */
  static <R> void responses(StreamObserver<R> out, Handler<Void, R> handler) {
    new HandlerCall<Void, R>(out).start(handler);
  }

  /** Starts to handle a call with a stream of requests. Returns their observer. */
  static <Q, R> StreamObserver<Q> requests(StreamObserver<R> out, Handler<Q, R> handler) {
    var call = new HandlerCall<Q, R>(out);
    call.out.disableAutoRequest();
    call.start(handler);
    call.out.request(1);
    return call;
  }

  private void start(Handler<Q, R> handler) {
    out.setOnCancelHandler(this::clientGone);
    out.setOnReadyHandler(this::wakeUp);
    var started = Thread.ofVirtual().name("engine-call").unstarted(() -> run(handler));
    synchronized (this) {
      thread = started;
    }
    started.start();
  }

  private void run(Handler<Q, R> handler) {
    @Nullable Throwable failed = null;
    try {
      handler.handle(this);
    } catch (IOException | RuntimeException | Error thrown) {
      failed = thrown;
    }
    synchronized (this) {
      ended = true;
      if (gone) return;
    }
    if (failed == null) out.onCompleted();
    else out.onError(EngineErrors.toStatus(failed));
  }

  /** Returns the next request; empty if the client completed its stream. */
  Optional<Q> read() throws ClientGoneException {
    Optional<Q> next;
    synchronized (this) {
      await(() -> complete || !received.isEmpty());
      next = Optional.ofNullable(received.poll());
    }
    if (next.isPresent()) out.request(1);
    return next;
  }

  /** Returns the next request of a client that must not complete its stream yet. */
  Q readNext() throws ClientGoneException {
    return read().orElseThrow(() -> new InvalidRequestException("the stream ended too early"));
  }

  /** Sends a response, as soon as the client has room for it. */
  void send(R response) throws ClientGoneException {
    synchronized (this) {
      await(out::isReady);
    }
    out.onNext(response);
  }

  /** Waits until the condition holds. */
  private synchronized void await(BooleanSupplier ready) throws ClientGoneException {
    try {
      while (!gone && !ready.getAsBoolean()) wait();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new ClientGoneException();
    }
    if (gone) throw new ClientGoneException();
  }

  private synchronized void wakeUp() {
    notifyAll();
  }

  private synchronized void clientGone() {
    gone = true;
    notifyAll();
    if (!ended && thread != null) thread.interrupt();
  }

  @Override
  public synchronized void onNext(Q request) {
    received.add(request);
    notifyAll();
  }

  @Override
  public void onError(Throwable cancelled) {
    clientGone();
  }

  @Override
  public synchronized void onCompleted() {
    complete = true;
    notifyAll();
  }

  /** Thrown if the client cancelled the call or disconnected. */
  static final class ClientGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    ClientGoneException() {
      super("the client ended the call");
    }
  }
}

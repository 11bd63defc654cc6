package dev.chowder.remote;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A stream of a client, for callers that block. Buffers a few messages, and then slows down the
 * engine or the caller. Cancelled when it is closed before its end.
 */
final class ClientStream<Q, R> implements AutoCloseable {
  private final EngineConnection connection;
  private final String what;
  private final BlockingClientCall<Q, R> call;
  private volatile boolean ended;

  ClientStream(EngineConnection connection, String what, BlockingClientCall<Q, R> call) {
    this.connection = connection;
    this.what = what;
    this.call = call;
  }

  /** Sends a message, as soon as the engine has room for it. */
  void send(Q message) {
    try {
      if (call.write(message, stallTimeout().toMillis(), TimeUnit.MILLISECONDS)) return;
    } catch (StatusException failed) {
      throw failed(failed);
    } catch (InterruptedException stop) {
      throw interrupted(stop);
    } catch (TimeoutException stalled) {
      throw late(stalled);
    }
    throw unexpected();
  }

  /** Tells the engine that no more messages follow. */
  void endRequests() {
    call.halfClose();
  }

  /** Returns the next message; empty at the end. */
  Optional<R> read() {
    return read(stallTimeout());
  }

  /** Returns the next message. */
  R readNext(Duration limit) {
    return read(limit).orElseThrow(this::unexpected);
  }

  /** Returns the last message, after the stream ended. */
  R readLast(Duration limit) {
    var last = readNext(limit);
    awaitEnd(limit);
    return last;
  }

  /** Waits for the end, after the last message. */
  void awaitEnd(Duration limit) {
    if (read(limit).isPresent()) throw unexpected();
  }

  /** Returns the next message; empty at the end. */
  Optional<R> read(Duration limit) {
    try {
      return received(call.read(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusException failed) {
      throw failed(failed);
    } catch (InterruptedException stop) {
      throw interrupted(stop);
    } catch (TimeoutException stalled) {
      throw late(stalled);
    }
  }

  /** Returns the next message, whenever it comes; empty at the end. */
  Optional<R> await() {
    try {
      return received(call.read());
    } catch (StatusException failed) {
      throw failed(failed);
    } catch (InterruptedException stop) {
      throw interrupted(stop);
    }
  }

  private Optional<R> received(@Nullable R message) {
    if (message == null) ended = true;
    return Optional.ofNullable(message);
  }

  /** Returns the error for an engine that breaks the protocol. */
  RuntimeException unexpected() {
    return EngineErrors.unexpected(what);
  }

  /** Translates a message of the engine. Any exception means that the message is invalid. */
  <T> T translated(Supplier<T> translation) {
    try {
      return translation.get();
    } catch (RuntimeException malformed) {
      throw EngineErrors.unexpected(what, malformed);
    }
  }

  private RuntimeException failed(StatusException failed) {
    ended = true;
    return connection.failed(what, failed);
  }

  private RuntimeException late(TimeoutException stalled) {
    connection.lost();
    return EngineErrors.late(what, stalled);
  }

  private RuntimeException interrupted(InterruptedException stop) {
    Thread.currentThread().interrupt();
    return EngineErrors.interrupted(what, stop);
  }

  private Duration stallTimeout() {
    return connection.settings().stallTimeout();
  }

  @Override
  public void close() {
    if (!ended) call.cancel("the caller ended the call", null);
  }
}

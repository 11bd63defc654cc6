package dev.chowder.remote;

import dev.chowder.remote.EngineSocket.EventLoops;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.BlockingClientCall;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * The connection of a client to an engine. Performs calls within their limits and translates their
 * errors. gRPC connects when it is needed, and again after the connection broke, with increasing
 * delays. Calls fail at once meanwhile.
 */
final class EngineConnection implements AutoCloseable {
  /** Larger than a message of an error of 8192 characters in all of its encodings. */
  private static final int MAX_METADATA_BYTES = 128 * 1024;

  /** Bytes of one stream that wait for a slow reader; megabytes by gRPC's default. */
  private static final int STREAM_BUFFER_BYTES = 128 * 1024;

  /** Connections end much sooner. */
  private static final int CLOSE_SECONDS = 5;

  private final RemoteSettings settings;
  private final String address;
  private final EventLoops loops = EventLoops.open("chowder-engine-client");
  private final ManagedChannel channel;
  private final AtomicLong backoffReset = new AtomicLong(System.nanoTime());
  private final AtomicInteger losses = new AtomicInteger();

  EngineConnection(RemoteSettings settings) {
    Path socket = settings.requiredSocket();
    this.settings = settings;
    this.address = socket.toString();
    this.channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
            .channelType(EpollDomainSocketChannel.class)
            .eventLoopGroup(loops.group())
            // gRPC sets it, and Unix domain sockets do not have it.
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .overrideAuthority("localhost")
            .usePlaintext()
            .keepAliveTime(settings.keepAliveInterval().toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveTimeout(settings.keepAliveTimeout().toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveWithoutCalls(true)
            .flowControlWindow(STREAM_BUFFER_BYTES)
            .maxInboundMessageSize(settings.maxMessageBytes())
            .maxInboundMetadataSize(MAX_METADATA_BYTES)
            .build();
  }

  /** Performs a call of a stub. */
  interface Call<S, T> {
    /**
     * Performs the call with this stub, which has its deadline, and translates the response. Any
     * exception of the translation means that the response is invalid.
     */
    T on(S stub) throws StatusException;
  }

  Channel channel() {
    return channel;
  }

  RemoteSettings settings() {
    return settings;
  }

  boolean isClosed() {
    return channel.isShutdown();
  }

  /**
   * Returns how often the engine did not respond. After a change, another engine may respond, or
   * the same one with other sandboxes.
   */
  int losses() {
    return losses.get();
  }

  /** Counts a loss of the engine. */
  void lost() {
    losses.incrementAndGet();
  }

  String address() {
    return address;
  }

  /** Performs a call that returns at once, as far as the engine can. */
  <S extends AbstractStub<S>, T> T call(String what, S stub, Call<S, T> call) {
    return call(what, stub, Duration.ZERO, call);
  }

  /**
   * Performs a call.
   *
   * @param what the call as a verb phrase, for errors
   * @param allowed how long the call itself allows the engine to take
   */
  <S extends AbstractStub<S>, T> T call(String what, S stub, Duration allowed, Call<S, T> call) {
    requireNotInterrupted(what);
    try {
      return call.on(limited(stub, settings.callTimeout().plus(allowed)));
    } catch (StatusException failed) {
      throw failed(what, failed);
    } catch (RejectedExecutionException closed) {
      throw EngineErrors.unreachable(what, address, closed);
    } catch (RuntimeException malformed) {
      throw EngineErrors.unexpected(what, malformed);
    }
  }

  /** Opens a stream, which has no deadline unless its stub has one. */
  <Q, R> ClientStream<Q, R> open(String what, Supplier<BlockingClientCall<Q, R>> call) {
    requireNotInterrupted(what);
    try {
      return new ClientStream<>(this, what, call.get());
    } catch (RejectedExecutionException closed) {
      throw EngineErrors.unreachable(what, address, closed);
    }
  }

  /** Returns a stub whose calls end in time. */
  static <S extends AbstractStub<S>> S limited(S stub, Duration limit) {
    return stub.withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static void requireNotInterrupted(String what) {
    if (Thread.currentThread().isInterrupted()) {
      throw EngineErrors.interrupted(what, new InterruptedException());
    }
  }

  /** Returns the exception for the caller, and lets gRPC connect again soon if that is needed. */
  RuntimeException failed(String what, StatusException failed) {
    var exception = EngineErrors.fromStatus(what, address, failed);
    if (exception instanceof SandboxException known
        && known.reason() == Reason.ENGINE_UNREACHABLE) {
      lost();
      reconnectSoon();
    }
    return exception;
  }

  /** Limits the delay of gRPC, which would grow to two minutes. */
  private void reconnectSoon() {
    long last = backoffReset.get();
    long now = System.nanoTime();
    if (now - last >= settings.maxReconnectDelay().toNanos()
        && backoffReset.compareAndSet(last, now)) {
      channel.resetConnectBackoff();
    }
  }

  /** Ends all calls. Each of them ends in the event loops, so those end last. */
  @Override
  public void close() {
    channel.shutdownNow();
    try {
      var _ = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
    loops.close();
  }
}

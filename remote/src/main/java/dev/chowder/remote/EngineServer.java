package dev.chowder.remote;

import dev.chowder.remote.EngineSocket.EventLoops;
import dev.chowder.sandbox.SandboxEngine;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a sandbox engine to clients in other processes, through a Unix domain socket that only its
 * user may open. Does not close the engine.
 */
public final class EngineServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EngineServer.class);

  /** Connections end much sooner. Does not wait for the engine's work. */
  private static final int CLOSE_SECONDS = 5;

  private final EngineSocket socket;
  private final EventLoops loops;
  private final Server server;

  private EngineServer(EngineSocket socket, EventLoops loops, Server server) {
    this.socket = socket;
    this.loops = loops;
    this.server = server;
  }

  /**
   * Starts to serve an engine. When this returns, clients can connect.
   *
   * @throws IllegalArgumentException if the settings name no socket
   * @throws IOException if another process serves the socket, if a file that is not a socket has
   *     its path, or if it cannot be created
   */
  public static EngineServer start(SandboxEngine engine, RemoteSettings settings)
      throws IOException {
    EventLoops.requireSupport();
    Path path = settings.requiredSocket();
    var socket = EngineSocket.at(path);
    var loops = EventLoops.open("chowder-engine-server");
    Server server;
    try {
      server = build(engine, settings, socket, loops);
    } catch (RuntimeException failed) {
      release(socket, loops);
      throw failed;
    }
    var started = new EngineServer(socket, loops, server);
    try {
      server.start();
      socket.publish();
    } catch (IOException | RuntimeException failed) {
      started.close();
      throw failed;
    }
    log.info("event=engine-served socket={}", path);
    return started;
  }

  private static Server build(
      SandboxEngine engine, RemoteSettings settings, EngineSocket socket, EventLoops loops) {
    return NettyServerBuilder.forAddress(new DomainSocketAddress(socket.bound().toFile()))
        .channelType(EpollServerDomainSocketChannel.class)
        .bossEventLoopGroup(loops.group())
        .workerEventLoopGroup(loops.group())
        // gRPC sets it, and Unix domain sockets do not have it.
        .withChildOption(ChannelOption.SO_KEEPALIVE, null)
        // Each call has a thread of its own (HandlerCall), and its callbacks do not block.
        .directExecutor()
        .permitKeepAliveTime(1, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .maxInboundMessageSize(settings.maxMessageBytes())
        .maxConcurrentCallsPerConnection(settings.maxConcurrentCalls())
        .addService(new SandboxCalls(engine, settings.maxWaitingEvents()))
        .addService(new TaskCalls(engine.tasks()))
        .addService(new HomeCalls(engine.homes(), settings.maxFilesBytes()))
        .addService(new HostCalls(engine.host()))
        .build();
  }

  /** Waits until the server is closed. */
  public void awaitEnd() throws InterruptedException {
    server.awaitTermination();
  }

  /** Ends all connections, and removes the socket. Calls in progress are interrupted. */
  @Override
  public void close() {
    server.shutdownNow();
    try {
      // The threads of the connections end each call.
      if (!server.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        log.warn("event=calls-left socket={}", socket.path());
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
    release(socket, loops);
  }

  private static void release(EngineSocket socket, EventLoops loops) {
    try {
      socket.close();
    } catch (IOException failed) {
      log.warn("event=socket-left why={}", failed.getMessage());
    }
    loops.close();
  }
}

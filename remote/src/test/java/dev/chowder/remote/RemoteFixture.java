package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.ConfigFactory;
import dev.chowder.remote.EngineSocket.EventLoops;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import io.grpc.BindableService;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The servers and clients of one test, which it closes. */
abstract class RemoteFixture {
  static final SandboxId ID = SandboxId.ofInstance("00000000-0000-4000-8000-000000000001");

  @TempDir Path folder;

  @RegisterExtension final Opened opened = new Opened();

  static final class Opened implements AfterEachCallback {
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T part) {
      parts.push(part);
      return part;
    }

    @Override
    public void afterEach(ExtensionContext test) throws Exception {
      for (var part : parts) part.close();
    }
  }

  Path socket() {
    return folder.resolve("engine.sock");
  }

  /** Returns the default settings with the socket of this test and the given values. */
  RemoteSettings settings(Map<String, String> changed) {
    var values = new HashMap<String, String>();
    values.put("chowder.sandbox.remote.socket", socket().toString());
    changed.forEach((name, value) -> values.put("chowder.sandbox.remote." + name, value));
    return RemoteSettings.of(ConfigFactory.parseMap(values).withFallback(ConfigFactory.load()));
  }

  EngineServer serve(SandboxEngine engine) throws IOException {
    return opened.add(EngineServer.start(engine, settings(Map.of())));
  }

  /** Serves services that a test wrote, which may break the protocol. */
  void serveOnly(BindableService... services) throws IOException {
    var loops = EventLoops.open("test-engine");
    var builder =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket().toFile()))
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(loops.group())
            .workerEventLoopGroup(loops.group())
            .withChildOption(ChannelOption.SO_KEEPALIVE, null);
    for (var service : services) builder.addService(service);
    var server = builder.build().start();
    opened.add(
        () -> {
          server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
          loops.close();
        });
  }

  RemoteEngine client() {
    return client(Map.of());
  }

  RemoteEngine client(Map<String, String> changed) {
    return opened.add(new RemoteEngine(settings(changed)));
  }

  static boolean reaches(RemoteEngine engine) {
    try {
      return !engine.observe(ID).homeExists();
    } catch (SandboxException notYet) {
      assertThat(notYet.reason()).isEqualTo(Reason.ENGINE_UNREACHABLE);
      return false;
    }
  }

  static void assertReason(Reason reason, Runnable call) {
    var thrown = catchThrowableOfType(SandboxException.class, call::run);
    assertThat(thrown).isNotNull();
    assertThat(thrown.reason()).as(thrown.getMessage()).isEqualTo(reason);
  }
}

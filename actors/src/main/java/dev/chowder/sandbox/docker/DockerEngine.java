package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Docker Engine, asked so that no caller hangs: each call has a time-out, can be interrupted,
 * and waits its turn. Knows nothing of sandboxes.
 */
final class DockerEngine implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DockerEngine.class);

  private final DockerSandboxSettings settings;
  private final DockerClient client;
  private final Semaphore calls;
  private final Semaphore streams;

  DockerEngine(DockerSandboxSettings settings) {
    this.settings = settings;
    this.calls = new Semaphore(settings.concurrentCalls(), true);
    this.streams = new Semaphore(settings.concurrentStreams(), true);
    var config =
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost(settings.dockerHost())
            .build();
    // No response time-out here: streams live as long as what they follow; call() bounds the rest.
    var http =
        new ApacheDockerHttpClient.Builder()
            .dockerHost(config.getDockerHost())
            .sslConfig(config.getSSLConfig())
            .maxConnections(settings.concurrentCalls() + settings.concurrentStreams())
            .connectionTimeout(settings.callTimeout())
            .build();
    this.client = DockerClientImpl.getInstance(config, new FreshConnections(http));
  }

  /** One call, within the configured time-out. */
  <T> T call(String what, Function<DockerClient, T> call) {
    return call(what, settings.callTimeout(), call);
  }

  /**
   * One call, within {@code limit}. It runs on a thread of its own, since the client's socket knows
   * no time-out; giving up interrupts that thread, which closes the socket.
   */
  <T> T call(String what, Duration limit, Function<DockerClient, T> call) {
    // An engine that hangs holds the turns of all calls: it is the cause here as well.
    acquire(calls, what, Reason.ENGINE_UNREACHABLE);
    try {
      FutureTask<T> answer = new FutureTask<>(() -> call.apply(client));
      Thread thread = Thread.ofVirtual().name("docker: " + what).start(answer);
      try {
        return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException failed) {
        throw DockerErrors.translate(what, settings.dockerHost(), failed);
      } catch (TimeoutException late) {
        thread.interrupt();
        throw new SandboxException(
            Reason.ENGINE_UNREACHABLE,
            "docker: no answer within " + limit.toMillis() + " ms to: " + what,
            late);
      } catch (InterruptedException stop) {
        thread.interrupt();
        Thread.currentThread().interrupt();
        throw DockerErrors.interrupted(what, stop);
      }
    } finally {
      calls.release();
    }
  }

  /** A call whose answer is nothing. */
  void tell(String what, java.util.function.Consumer<DockerClient> call) {
    call(
        what,
        engine -> {
          call.accept(engine);
          return true;
        });
  }

  /** Opens a stream; what it brings arrives on a thread of the client's, one item at a time. */
  <T> DockerStream<T> stream(
      String what, DockerStream<T> stream, BiConsumer<DockerClient, ResultCallback<T>> open) {
    acquire(streams, what, Reason.TIMED_OUT);
    stream.onClose(streams::release);
    try {
      open.accept(client, stream);
    } catch (RuntimeException failed) {
      stream.close();
      throw DockerErrors.translate(what, settings.dockerHost(), failed);
    }
    return stream;
  }

  SandboxException translate(String what, Throwable thrown) {
    return DockerErrors.translate(what, settings.dockerHost(), thrown);
  }

  private void acquire(Semaphore turns, String what, Reason late) {
    try {
      if (!turns.tryAcquire(settings.concurrencyWait().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new SandboxException(
            late,
            "docker: too many calls under way for "
                + settings.concurrencyWait().toMillis()
                + " ms, so not asked: "
                + what);
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted(what, stop);
    }
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException failed) {
      log.debug("closing the client", failed);
    }
  }
}

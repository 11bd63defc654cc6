package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls one Docker Engine so that no caller hangs: each call has a timeout, can be interrupted, and
 * waits for a permit of a fair semaphore. Does not know sandboxes.
 */
final class DockerApi implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DockerApi.class);

  private final DockerSandboxSettings settings;
  private final DockerClient client;
  private final Semaphore calls;
  private final Semaphore streams;
  private final AtomicInteger losses = new AtomicInteger();

  DockerApi(DockerSandboxSettings settings) {
    this.settings = settings;
    this.calls = new Semaphore(settings.maxConcurrentCalls(), true);
    this.streams = new Semaphore(settings.maxConcurrentStreams(), true);
    var config =
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost(settings.dockerHost())
            .build();
    // No response timeout here, because a stream stays open as long as what it follows. call()
    // limits everything else.
    var http =
        new ApacheDockerHttpClient.Builder()
            .dockerHost(config.getDockerHost())
            .sslConfig(config.getSSLConfig())
            .maxConnections(settings.maxConcurrentCalls() + settings.maxConcurrentStreams())
            .connectionTimeout(settings.callTimeout())
            .build();
    this.client = DockerClientImpl.getInstance(config, new FreshConnections(http));
  }

  /** Makes one call within the configured timeout. */
  <T> T call(String what, Function<DockerClient, T> call) {
    return call(what, settings.callTimeout(), call);
  }

  /**
   * Makes one call within {@code limit}. It runs on its own thread, because the client's socket has
   * no timeout. After the limit that thread is interrupted, which closes the socket.
   */
  <T> T call(String what, Duration limit, Function<DockerClient, T> call) {
    try {
      return callOnce(what, limit, call);
    } catch (SandboxException failed) {
      if (failed.reason() == Reason.ENGINE_UNREACHABLE) losses.incrementAndGet();
      throw failed;
    }
  }

  /**
   * Returns how often the engine did not respond. After a change, another engine may respond, or
   * the same one with another data directory.
   */
  int losses() {
    return losses.get();
  }

  /** Counts a loss of the engine that a stream noticed. */
  void lost() {
    losses.incrementAndGet();
  }

  private <T> T callOnce(String what, Duration limit, Function<DockerClient, T> call) {
    // If no permit is free, the cause is an engine that hangs and blocks all calls.
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
        throw new SandboxException(Reason.ENGINE_UNREACHABLE, DockerErrors.late(what, limit), late);
      } catch (InterruptedException stop) {
        thread.interrupt();
        Thread.currentThread().interrupt();
        throw DockerErrors.interrupted(what, stop);
      }
    } finally {
      calls.release();
    }
  }

  /** Makes a call without a result. */
  void run(String what, Consumer<DockerClient> call) {
    call(
        what,
        engine -> {
          call.accept(engine);
          return true;
        });
  }

  /** Opens a stream. Items arrive on a thread of the client, one at a time. */
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

  /** Reads a stream to its end, which a call that does not wait for anything reaches in time. */
  <T> void read(String what, Consumer<T> onItem, BiConsumer<DockerClient, ResultCallback<T>> open) {
    var limit = settings.callTimeout();
    read(
        what,
        onItem,
        open,
        limit,
        () -> new SandboxException(Reason.ENGINE_UNREACHABLE, DockerErrors.late(what, limit)));
  }

  /**
   * Reads a stream to its end.
   *
   * @param late supplies the error if the end is not reached within the limit
   * @throws SandboxException if the stream fails or the thread is interrupted
   */
  <T> void read(
      String what,
      Consumer<T> onItem,
      BiConsumer<DockerClient, ResultCallback<T>> open,
      Duration limit,
      Supplier<SandboxException> late) {
    try (var stream = stream(what, new DockerStream<>(onItem, _ -> {}), open)) {
      if (!stream.awaitEnd(limit)) throw late.get();
      if (stream.why().isPresent()) throw translate(what, stream.why().get());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted(what, stop);
    }
  }

  SandboxException translate(String what, Throwable thrown) {
    return DockerErrors.translate(what, settings.dockerHost(), thrown);
  }

  private void acquire(Semaphore permits, String what, Reason late) {
    try {
      if (!permits.tryAcquire(settings.permitTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new SandboxException(
            late,
            cannot(
                what,
                "too many calls to the Docker Engine were in progress for "
                    + settings.permitTimeout().toMillis()
                    + " ms",
                "retry later"));
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

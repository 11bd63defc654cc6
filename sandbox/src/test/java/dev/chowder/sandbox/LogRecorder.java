package dev.chowder.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Records the begin, the lines and the end of a log. */
final class LogRecorder implements SandboxLogReader {
  final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  final BlockingQueue<Optional<SandboxException>> ends = new LinkedBlockingQueue<>();
  private final CountDownLatch begun = new CountDownLatch(1);

  @Override
  public void onBegin() {
    assertThat(lines).as("lines before the begin").isEmpty();
    begun.countDown();
  }

  @Override
  public void onLine(String line) {
    lines.add(line);
  }

  @Override
  public void onEnd(Optional<SandboxException> why) {
    ends.add(why);
  }

  void awaitBegin() throws InterruptedException {
    assertThat(begun.await(30, TimeUnit.SECONDS)).as("the log's begin in time").isTrue();
  }

  String next() throws InterruptedException {
    String line = lines.poll(30, TimeUnit.SECONDS);
    assertThat(line).as("a log line in time").isNotNull();
    return line;
  }

  Optional<SandboxException> end() throws InterruptedException {
    Optional<SandboxException> end = ends.poll(30, TimeUnit.SECONDS);
    assertThat(end).as("the log's end in time").isNotNull();
    return end;
  }
}

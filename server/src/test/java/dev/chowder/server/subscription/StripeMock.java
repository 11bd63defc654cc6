package dev.chowder.server.subscription;

import dev.chowder.testprogram.TestPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Stripe's own stripe-mock on a free port. It checks each request against Stripe's API. */
public final class StripeMock implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Pattern LISTENS =
      Pattern.compile("Listening for HTTP at address: (127\\.0\\.0\\.1:\\d+)");

  private final Process process;
  private final Path log;
  private final String address;

  private StripeMock(Process process, Path log, String address) {
    this.process = process;
    this.log = log;
    this.address = address;
  }

  public static StripeMock start(Path log) throws IOException, InterruptedException {
    var binary = TestPrograms.here().stripeMock().toString();
    var process =
        new ProcessBuilder(binary, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroyForcibly));
    long end = System.nanoTime() + LIMIT.toNanos();
    while (System.nanoTime() < end && process.isAlive()) {
      var listens = LISTENS.matcher(Files.readString(log));
      if (listens.find()) return new StripeMock(process, log, listens.group(1));
      process.waitFor(50, TimeUnit.MILLISECONDS);
    }
    process.destroyForcibly();
    throw new IOException("stripe-mock did not start: " + Files.readString(log));
  }

  public String apiBase() {
    return "http://" + address;
  }

  /** Returns its log of requests. */
  public String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}

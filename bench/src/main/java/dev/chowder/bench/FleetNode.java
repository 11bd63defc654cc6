package dev.chowder.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Instant;

/**
 * The node that {@link Fleet} measures. Asks {@code scripts/bench} to stop and start it: writes
 * {@code #stop} or {@code #start} to the output, and reads a line with the result.
 */
final class FleetNode {
  private final Options options;
  private final BufferedReader answers =
      new BufferedReader(new InputStreamReader(System.in, UTF_8));
  private long pid;

  FleetNode(Options options) {
    this.options = options;
  }

  void stop() throws IOException {
    var _ = ask("#stop");
  }

  void start() throws IOException {
    pid = Long.parseLong(ask("#start"));
  }

  private String ask(String what) throws IOException {
    Fleet.say(what);
    var answer = answers.readLine();
    if (answer == null) throw new IOException(what + ": no response");
    return answer.strip();
  }

  /** Returns the measured processes, with the node as {@code nodes}. */
  Processes processes() {
    return new Processes(options.text("processes") + ",nodes:" + pid);
  }

  /** Returns when the node's process was started. */
  Instant started() throws IOException {
    return ProcessHandle.of(pid)
        .flatMap(node -> node.info().startInstant())
        .orElseThrow(() -> new IOException("the node does not run"));
  }
}

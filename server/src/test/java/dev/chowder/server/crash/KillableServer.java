package dev.chowder.server.crash;

import dev.chowder.base.Await;
import io.grpc.Channel;
import java.time.Duration;
import java.util.regex.Pattern;

/** A server that a test kills: a process, or a node in the process of the test. */
public interface KillableServer extends AutoCloseable {
  /** Returns the connection of all callers, which a death closes. */
  Channel channel();

  /** Returns the port of its operators. */
  int operatorPort();

  /** Kills the server as {@code kill -9} does, and returns when it is dead. */
  void kill();

  /** Begins an orderly shutdown. */
  void terminate();

  /** Returns whether the server ends within the limit. */
  boolean endsWithin(Duration limit);

  /** Returns whether the server has ended. */
  boolean hasEnded();

  /** Fails unless the server dies at this failpoint within the limit. */
  void awaitDeathAt(FailpointCase failpoint, Duration limit);

  /** Waits for a line of output that matches. */
  default void awaitLine(Pattern wanted, Duration limit) {
    Await.untilSolved(
        limit,
        () -> wanted.matcher(tail()).find() ? "" : "no line: " + wanted.pattern(),
        this::tail);
  }

  /** Returns its last lines of output. */
  String tail();

  /** Kills the server if it runs. */
  @Override
  void close();
}

package dev.chowder.operate.process;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.Poll;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/** Ports of this machine, on the loopback address. */
public final class Ports {
  /** A Chowder process whose supervisor was killed needs a moment to end. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

  private static final int CONNECT_MILLIS = 1000;

  /** The name and the id of a process in a line of ss(8). */
  private static final Pattern OWNER = Pattern.compile("users:\\(\\(\"([^\"]*)\",pid=([0-9]+)");

  /** Below the range of ephemeral ports. */
  private static final int FIRST = 12_000;

  private static final int LAST = 17_999;
  private static final int TRIES = 20;

  private Ports() {}

  private record Owner(String name, long pid) {}

  /** Fails if a process listens on a port. */
  public static void requireFree(Variables variables, PortUse wanted) {
    int port = variables.port(wanted.variable());
    if (!Poll.until(CLOSE_LIMIT, () -> isClosed(port))) throw taken(port, wanted, "");
  }

  /**
   * Fails if another process than the given one listens on a port. For a check before that one is
   * stopped to be replaced, so that it continues if it cannot be.
   */
  public static void requireUsable(Background process, Variables variables, PortUse wanted) {
    int port = variables.port(wanted.variable());
    if (isClosed(port)) return;
    // The owner may be unknown.
    var owner = owner(port);
    if (owner.isEmpty() || process.pid().filter(pid -> pid == owner.get().pid()).isPresent()) {
      return;
    }
    throw taken(port, wanted, ". %s was not replaced".formatted(process.name()));
  }

  private static CommandException taken(int port, PortUse wanted, String end) {
    var owner =
        owner(port).map(one -> " by %s (pid %d)".formatted(one.name(), one.pid())).orElse("");
    return ExitCode.CONFLICT.failure(
        "port %d for %s is in use%s: stop that process, or set %s to a free port%s"
            .formatted(port, wanted.use(), owner, wanted.variable(), end));
  }

  /** Returns whether no process accepts connections on a port. */
  public static boolean isClosed(int port) {
    try (var socket = new Socket()) {
      var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      socket.connect(address, CONNECT_MILLIS);
      return false;
    } catch (IOException refused) {
      return true;
    }
  }

  /** Returns a port that is free now. */
  public static int free() {
    for (int tries = 0; tries < TRIES; tries++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST + 1);
      if (isClosed(port)) return port;
    }
    throw ExitCode.CONFLICT.failure(
        "cannot find a free port from %d to %d; stop other programs".formatted(FIRST, LAST));
  }

  private static Optional<Owner> owner(int port) {
    try {
      var lines = Program.of("ss", "-ltnpH", "sport = :" + port).attempt().output();
      var match = OWNER.matcher(lines);
      return match.find()
          ? Optional.of(new Owner(match.group(1), Long.parseLong(match.group(2))))
          : Optional.empty();
    } catch (ProgramException missing) {
      return Optional.empty();
    }
  }
}

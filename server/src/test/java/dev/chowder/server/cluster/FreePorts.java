package dev.chowder.server.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports on which a process can listen again after it was ended.
 *
 * <p>The kernel gives outgoing connections ports from 32768 on (ip_local_port_range). A port that
 * it gave a test for port 0 can therefore belong to a connection of another process before the
 * tested process listens on it again. These ports lie below that range.
 */
public final class FreePorts {
  /** The installations of other tests have fixed ports below. */
  private static final int FIRST = 30_000;

  private static final int COUNT = 2_700;

  /**
   * Returns the next port to try, counted from FIRST. Starts at random because other JVMs run
   * tests, too.
   */
  private static int next = ThreadLocalRandom.current().nextInt(COUNT);

  private FreePorts() {}

  public static int one() {
    return take(1).getFirst();
  }

  /** Returns ports on which no process listens and that no other call in this JVM got. */
  public static synchronized List<Integer> take(int count) {
    var ports = new ArrayList<Integer>();
    for (int tried = 0; tried < COUNT && ports.size() < count; tried++) {
      int port = FIRST + next;
      next = (next + 1) % COUNT;
      if (isFree(port)) ports.add(port);
    }
    if (ports.size() < count) throw new IllegalStateException("no free ports from " + FIRST);
    return ports;
  }

  private static boolean isFree(int port) {
    try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}

package dev.chowder.server.gateway;

import dev.chowder.sandbox.HomeRef;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Finds addresses of a sandbox's listeners other than the gateway. May block. */
@FunctionalInterface
public interface ListenerDirectory {
  /**
   * Returns the address of a port in the sandbox. Does not check whether a process listens there.
   *
   * @param home the instance's home volume; empty if its journal does not name it
   * @param gateway current address of the instance's gateway
   * @return empty if the address is unknown
   */
  Optional<InetSocketAddress> lookup(
      String instanceId, Optional<HomeRef> home, InetSocketAddress gateway, int port);
}

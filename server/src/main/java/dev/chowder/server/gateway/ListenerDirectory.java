package dev.chowder.server.gateway;

import java.net.InetSocketAddress;
import java.util.Optional;

/** Tells where a listener in a sandbox is that is not the gateway's. May block for a while. */
@FunctionalInterface
public interface ListenerDirectory {
  /**
   * Looks one up; whether anything listens there is not known.
   *
   * @param gateway where the instance's gateway answers now
   * @return empty where it cannot be told
   */
  Optional<InetSocketAddress> lookup(String instanceId, InetSocketAddress gateway, int port);
}

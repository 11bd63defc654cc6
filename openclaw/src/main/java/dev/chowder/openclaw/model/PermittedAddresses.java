package dev.chowder.openclaw.model;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.apache.hc.client5.http.DnsResolver;

/**
 * Resolves a host for one call and returns only the permitted addresses. The connection uses these
 * checked addresses, so a second response of the name server cannot redirect it.
 */
record PermittedAddresses(ModelHosts hosts, int port, DnsResolver names) implements DnsResolver {
  /** The host has no permitted address, only private ones. */
  static final class Private extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    Private(String host) {
      super(host);
    }
  }

  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    var permitted =
        Arrays.stream(names.resolve(host))
            .filter(address -> hosts.mayLeadTo(host, port, address))
            .toArray(InetAddress[]::new);
    if (permitted.length == 0) throw new Private(host);
    return permitted;
  }

  @Override
  public String resolveCanonicalHostname(String host) {
    return host;
  }
}

package dev.chowder.openclaw;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.apache.hc.client5.http.DnsResolver;

/**
 * Resolves a host for one call and gives back only the addresses that it may be called at, so that
 * the connection goes to what was judged and not to a second answer of the name server's.
 */
final class JudgedAddresses implements DnsResolver {
  private final ModelHosts hosts;
  private final int port;
  private final DnsResolver names;

  JudgedAddresses(ModelHosts hosts, int port, DnsResolver names) {
    this.hosts = hosts;
    this.port = port;
    this.names = names;
  }

  /** It resolves to private addresses alone. */
  static final class Private extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    Private(String host) {
      super(host);
    }
  }

  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    var judged =
        Arrays.stream(names.resolve(host))
            .filter(address -> hosts.mayLeadTo(host, port, address))
            .toArray(InetAddress[]::new);
    if (judged.length == 0) throw new Private(host);
    return judged;
  }

  @Override
  public String resolveCanonicalHostname(String host) {
    return host;
  }
}

package dev.chowder.server.tls;

import dev.chowder.base.Await;
import dev.chowder.server.tls.CertificateAuthority.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.cert.Certificate;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** The start of a TLS connection, and the certificate that the peer shows. */
public final class Handshake {
  private static final int TIME_LIMIT_MILLIS = 10_000;
  static final Duration LIMIT = Duration.ofSeconds(90);

  private Handshake() {}

  /**
   * Connects to this machine as {@code localhost}. Only the first response shows whether the peer
   * accepted the client's certificate.
   */
  public static SSLSocket with(SSLContext context, int port, String... protocols)
      throws IOException {
    var plain = new Socket();
    try {
      plain.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIME_LIMIT_MILLIS);
      plain.setSoTimeout(TIME_LIMIT_MILLIS);
      var socket = context.getSocketFactory().createSocket(plain, "localhost", port, true);
      if (!(socket instanceof SSLSocket tls)) throw new IOException("no TLS: " + socket);
      var parameters = tls.getSSLParameters();
      parameters.setApplicationProtocols(protocols);
      tls.setSSLParameters(parameters);
      tls.startHandshake();
      return tls;
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  /**
   * Returns the certificate that a port shows to {@code caller}, without resuming an earlier
   * session.
   */
  public static Certificate shown(CertificateAuthority believed, Identity caller, int port)
      throws IOException {
    try (var socket = with(believed.context(caller), port, "h2")) {
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  /**
   * Waits until a port shows another certificate than {@code previous}. A handshake at the moment
   * of the change may fail, because gRPC's key manager reads the certificate and its key one after
   * the other. Callers connect again.
   */
  public static void awaitOther(
      Certificate previous, CertificateAuthority believed, Identity caller, int port) {
    Await.until(
        LIMIT,
        () -> {
          try {
            return !shown(believed, caller, port).equals(previous);
          } catch (IOException amidTheChange) {
            return false;
          }
        });
  }
}

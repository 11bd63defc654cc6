package dev.chowder.server.tls;

import dev.chowder.server.tls.CertificateAuthority.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** The beginning of a connection, and what the other end shows there. */
public final class Handshake {
  private static final int TIME_LIMIT_MILLIS = 10_000;
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final long LOOK_MILLIS = 20;

  private Handshake() {}

  /**
   * Connects to this machine as {@code localhost}. Whether the other end likes what it was shown
   * may only be seen by the first answer.
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
   * The certificate that is shown to {@code caller} at a port, and not the one of a session before.
   */
  public static Certificate shown(CertificateAuthority believed, Identity caller, int port)
      throws IOException {
    try (var socket = with(believed.context(caller), port, "h2")) {
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  /**
   * Waits until another certificate than {@code former} is shown there. A handshake in the very
   * moment of the change may fail: gRPC's key manager is asked for the certificate and for its key
   * one after the other. Whoever connects then connects again.
   */
  public static void awaitOther(
      Certificate former, CertificateAuthority believed, Identity caller, int port) {
    await(
        () -> {
          try {
            return !shown(believed, caller, port).equals(former);
          } catch (IOException amidTheChange) {
            return false;
          }
        });
  }

  static void await(BooleanSupplier holds) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > deadline) throw new AssertionError("not within " + LIMIT);
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}

package dev.chowder.server;

import dev.chowder.cluster.TlsSettings;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who this node is to Envoy and operators, and whom it lets in, read again when the files are
 * replaced. Knows no port; nodes among themselves are Pekko's business, from the same files.
 */
public final class NodeCertificates implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeCertificates.class);

  private final TlsSettings tls;
  private final AdvancedTlsX509KeyManager own;
  private final AdvancedTlsX509TrustManager others;
  private final ScheduledExecutorService checks =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("certificates").factory());

  private NodeCertificates(TlsSettings tls) throws IOException, GeneralSecurityException {
    this.tls = tls;
    this.own = new AdvancedTlsX509KeyManager();
    // A client has no host name: that the CA issued its certificate is what counts.
    this.others =
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
            .build();
    read();
  }

  /** Reads the files, and reads them again from time to time. */
  public static NodeCertificates watch(TlsSettings tls) throws IOException {
    try {
      var certificates = new NodeCertificates(tls);
      long millis = tls.reload().toMillis();
      var _ =
          certificates.checks.scheduleWithFixedDelay(
              certificates::check, millis, millis, TimeUnit.MILLISECONDS);
      return certificates;
    } catch (GeneralSecurityException e) {
      throw new IOException("chowder.tls: not taken: " + e.getMessage(), e);
    }
  }

  /** By ourselves: gRPC's own watch looks no more often than once a minute. */
  private void check() {
    try {
      // Certificate and key are two files: between their replacements they do not go together.
      tls.check();
      read();
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      LOG.warn("certificates: the former ones are kept: {}", e.getMessage());
    }
  }

  private void read() throws IOException, GeneralSecurityException {
    own.updateIdentityCredentials(tls.certificate().toFile(), tls.key().toFile());
    others.updateTrustCredentials(tls.ca().toFile());
  }

  /** For the gRPC port. */
  public ServerCredentials grpc() {
    return TlsServerCredentials.newBuilder()
        .keyManager(own)
        .trustManager(others)
        .clientAuth(ClientAuth.REQUIRE)
        .build();
  }

  /** For the operators' port, which asks for the client's certificate itself. */
  public SSLContext https() {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {own}, new TrustManager[] {others}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("TLS: not in this JDK", e);
    }
  }

  @Override
  public void close() {
    checks.shutdownNow();
  }
}

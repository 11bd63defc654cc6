package dev.chowder.server;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.TlsSettings;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import java.io.IOException;
import java.security.GeneralSecurityException;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's certificate and trusted CA, for Envoy and operators. Reads the files again when they
 * are replaced. Does not know ports. For connections between nodes, Pekko reads the same files.
 */
public final class NodeCertificates implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeCertificates.class);

  private final TlsSettings tls;
  private final AdvancedTlsX509KeyManager own;
  private final AdvancedTlsX509TrustManager others;
  private final RepeatingThread checks = new RepeatingThread("certificates");

  private NodeCertificates(TlsSettings tls) throws IOException, GeneralSecurityException {
    this.tls = tls;
    this.own = new AdvancedTlsX509KeyManager();
    // A client has no host name, so only the CA of its certificate is verified.
    this.others =
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
            .build();
    read();
  }

  /** Reads the files, and reads them again at intervals. */
  public static NodeCertificates watch(TlsSettings tls) throws IOException {
    try {
      var certificates = new NodeCertificates(tls);
      certificates.checks.every(tls.reload(), certificates::check);
      return certificates;
    } catch (GeneralSecurityException e) {
      throw new IOException(
          cannot(
              "load the certificates",
              String.valueOf(e.getMessage()),
              "check the files of chowder.tls"),
          e);
    }
  }

  /** Reads the files again. gRPC's own watch does so at most once a minute. */
  private void check() {
    try {
      // Certificate and key are two files, which do not match between their replacements.
      tls.check();
      read();
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      LOG.warn("certificates: keeping the previous ones: {}", e.getMessage());
    }
  }

  private void read() throws IOException, GeneralSecurityException {
    own.updateIdentityCredentials(tls.certificate().toFile(), tls.key().toFile());
    others.updateTrustCredentials(tls.ca().toFile());
  }

  /** Returns credentials for gRPC and the operator port, which require a client certificate. */
  public ServerCredentials grpc() {
    return TlsServerCredentials.newBuilder()
        .keyManager(own)
        .trustManager(others)
        .clientAuth(ClientAuth.REQUIRE)
        .build();
  }

  /** Returns a context for the monitoring port, which itself requires a client certificate. */
  public SSLContext https() {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {own}, new TrustManager[] {others}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(cannot("create a TLS context", "this JDK lacks it"), e);
    }
  }

  @Override
  public void close() {
    checks.close();
  }
}

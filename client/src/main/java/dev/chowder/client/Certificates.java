package dev.chowder.client;

import dev.chowder.client.context.TlsFiles;
import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import dev.chowder.client.failure.IoCause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Creates the TLS settings of a context. */
public final class Certificates {
  private static final long MAX_BYTES = 1 << 20;

  private Certificates() {}

  /**
   * Returns a context that trusts the CA in a file, or else the authorities of the JVM, and
   * presents the client certificate if there is one.
   *
   * @param isOfInstallation whether the files are those of the installation on this machine. Their
   *     modes are those that Envoy and nodes accept, such as readable for a group
   * @throws ClientException if a file cannot be used, or if others than its owner can read the key,
   *     which is not of the installation
   */
  public static SSLContext context(TlsFiles files, boolean isOfInstallation) {
    var ca = files.ca();
    var certificate = files.clientCertificate();
    var key = files.clientKey();
    try {
      if (ca == null && certificate == null) return SSLContext.getDefault();
      var context = SSLContext.getInstance("TLS");
      context.init(
          certificate == null || key == null
              ? null
              : ClientKey.managers(certificate, key, !isOfInstallation),
          ca == null ? null : trusting(ca),
          null);
      return context;
    } catch (GeneralSecurityException failed) {
      throw unusable(ca, failed.getClass().getSimpleName(), failed);
    }
  }

  private static TrustManager[] trusting(Path ca) throws GeneralSecurityException {
    try {
      var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      int number = 0;
      for (var one : read(ca)) trusted.setCertificateEntry("ca-" + number++, one);
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      return trust.getTrustManagers();
    } catch (IOException failed) {
      throw unusable(ca, IoCause.of(failed), failed);
    }
  }

  /** Returns the certificates of a PEM file, at least one. */
  static List<X509Certificate> read(Path file) throws IOException, GeneralSecurityException {
    if (Files.size(file) > MAX_BYTES) throw new IOException("it is larger than 1 MiB");
    try (var stream = Files.newInputStream(file)) {
      var all =
          CertificateFactory.getInstance("X.509").generateCertificates(stream).stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (all.isEmpty()) throw new IOException("it has no certificate");
      return all;
    }
  }

  /**
   * Returns a context that trusts no server, for URLs without TLS. The default context would read
   * all authorities of the JVM, which takes a tenth of a second.
   */
  public static SSLContext none() {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[0], new TrustManager[0], null);
      return context;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static ClientException unusable(@Nullable Path ca, String why, Exception cause) {
    return new ClientException(
        Kind.INVALID,
        "cannot use the certificates of %s: %s; name a PEM file of the server's CA"
            .formatted(ca == null ? "the JVM" : ca, why),
        cause);
  }
}

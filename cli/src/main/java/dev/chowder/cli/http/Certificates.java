package dev.chowder.cli.http;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Creates the TLS settings of a context. */
final class Certificates {
  private static final long MAX_BYTES = 1 << 20;

  private Certificates() {}

  /**
   * Returns a context that trusts the CA in a file.
   *
   * @param ca PEM file; the authorities of the JVM if absent
   */
  static SSLContext context(@Nullable Path ca) {
    try {
      if (ca == null) return SSLContext.getDefault();
      if (Files.size(ca) > MAX_BYTES) throw unusable(ca, "it is larger than 1 MiB", null);
      var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      try (var stream = Files.newInputStream(ca)) {
        int number = 0;
        for (var one : CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
          trusted.setCertificateEntry("ca-" + number++, one);
        }
        if (number == 0) throw unusable(ca, "it has no certificate", null);
      }
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      var context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException failed) {
      throw unusable(ca, failed.getClass().getSimpleName(), failed);
    }
  }

  /**
   * Returns a context that trusts no server, for URLs without TLS. The default context would read
   * all authorities of the JVM, which takes a tenth of a second.
   */
  static SSLContext none() {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[0], new TrustManager[0], null);
      return context;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static CommandException unusable(
      @Nullable Path ca, String why, @Nullable Exception cause) {
    var failure =
        new CommandException(
            ExitCode.USAGE,
            "cannot use the certificates of %s: %s; name a PEM file of the server's CA"
                .formatted(ca == null ? "the JVM" : ca, why));
    if (cause != null) failure.initCause(cause);
    return failure;
  }
}

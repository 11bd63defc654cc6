package dev.chowder.cluster;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.pekko.pki.pem.DERPrivateKeyLoader;
import org.apache.pekko.pki.pem.PEMDecoder;

/**
 * By what this node and its peers know each other: other nodes, Envoy, operators. Only paths; keys
 * are read by whoever listens or connects, and read again when the files are replaced.
 *
 * @param certificate this node's, issued by {@code ca} itself
 * @param key RSA in PKCS #8, the one kind that Pekko and gRPC both read
 * @param ca whom its certificates are believed
 * @param name what every node's certificate is issued for, and nobody else's
 * @param reload how often the files are looked at
 */
public record TlsSettings(Path certificate, Path key, Path ca, String name, Duration reload) {
  private static final String CERTIFICATE = "internal-certificate";
  private static final String KEY = "internal-key";
  private static final String CA = "internal-ca";
  private static final int DNS_NAME = 2;

  /**
   * Reads {@code chowder.tls}; nothing where no file is named.
   *
   * @throws IllegalArgumentException where only some are, or what they hold does not go together:
   *     better no node than one that is protected by half
   */
  public static Optional<TlsSettings> of(Config root) {
    var config = root.getConfig("chowder.tls");
    var files = List.of(CERTIFICATE, KEY, CA);
    var unset = files.stream().filter(file -> config.getString(file).isBlank()).toList();
    if (unset.size() == files.size()) return Optional.empty();
    if (!unset.isEmpty()) {
      throw refused(unset.getFirst(), "not set", "a PEM file, as the others of " + files + " are");
    }
    var settings =
        new TlsSettings(
            Path.of(config.getString(CERTIFICATE)),
            Path.of(config.getString(KEY)),
            Path.of(config.getString(CA)),
            config.getString("internal-name"),
            config.getDuration("reload"));
    settings.check();
    return Optional.of(settings);
  }

  /**
   * Whether the files go together as they are now.
   *
   * @throws IllegalArgumentException where they do not, with the setting that is to blame
   */
  public void check() {
    var own = certificate(CERTIFICATE, certificate);
    var issuer = certificate(CA, ca);
    if (!(own.getPublicKey() instanceof RSAKey mine)
        || !mine.getModulus().equals(privateKey().getModulus())) {
      throw refused(KEY, key, "the key of " + certificate);
    }
    try {
      own.verify(issuer.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw refused(CERTIFICATE, certificate, "one that " + ca + " has issued itself");
    }
    try {
      own.checkValidity();
    } catch (GeneralSecurityException e) {
      throw refused(
          CERTIFICATE,
          certificate
              + " from "
              + own.getNotBefore().toInstant()
              + " until "
              + own.getNotAfter().toInstant(),
          "valid now");
    }
    if (!names(own).contains(name.toLowerCase(Locale.ROOT))) {
      throw refused(CERTIFICATE, certificate, "subjectAltName DNS:" + name);
    }
  }

  private static X509Certificate certificate(String setting, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      var found = CertificateFactory.getInstance("X.509").generateCertificate(in);
      if (found instanceof X509Certificate certificate) return certificate;
    } catch (IOException | GeneralSecurityException e) {
      // Said below; the JDK's words do not name the setting.
    }
    throw refused(setting, file, "a certificate in PEM that can be read");
  }

  /** What went wrong is not handed on: it may quote the file. */
  private RSAKey privateKey() {
    try {
      var pem = PEMDecoder.decode(Files.readString(key));
      PrivateKey found = DERPrivateKeyLoader.load(pem);
      if (pem.label().equals("PRIVATE KEY") && found instanceof RSAKey rsa) return rsa;
    } catch (Exception e) {
      // Scala declares nothing: a syntax error may come as any exception.
    }
    throw refused(KEY, key, "an RSA key in PEM that can be read: PKCS #8, no pass phrase");
  }

  private static List<String> names(X509Certificate certificate) {
    try {
      var names = certificate.getSubjectAlternativeNames();
      return names == null
          ? List.of()
          : names.stream()
              .filter(name -> name.getFirst().equals(DNS_NAME))
              .map(name -> String.valueOf(name.getLast()).toLowerCase(Locale.ROOT))
              .toList();
    } catch (CertificateParsingException e) {
      return List.of();
    }
  }

  private static IllegalArgumentException refused(String setting, Object got, String expected) {
    var variable = "CHOWDER_TLS_" + setting.replace('-', '_').toUpperCase(Locale.ROOT);
    return new IllegalArgumentException(
        "chowder.tls." + setting + " (" + variable + "): " + got + " (expected: " + expected + ")");
  }
}

package dev.chowder.cluster;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.pki.pem.DERPrivateKeyLoader;
import org.apache.pekko.pki.pem.PEMDecoder;

/**
 * The files by which this node and its peers authenticate each other: other nodes, Envoy,
 * operators. Contains only paths: each listener and client reads the files itself, and reads them
 * again after they are replaced.
 *
 * @param certificate this node's certificate, issued by {@code ca} itself
 * @param key its key: RSA in PKCS #8, the only kind that both Pekko and gRPC read
 * @param ca peers must present a certificate that it issued
 * @param name the DNS name that every node's certificate has, and no other certificate
 * @param reload interval at which the files are checked for changes
 */
public record TlsSettings(Path certificate, Path key, Path ca, String name, Duration reload) {
  private static final String CERTIFICATE = "internal-certificate";
  private static final String KEY = "internal-key";
  private static final String CA = "internal-ca";
  private static final int DNS_NAME = 2;

  private record Values(
      Optional<Path> internalCertificate,
      Optional<Path> internalKey,
      Optional<Path> internalCa,
      String internalName,
      Duration reloadInterval) {}

  /**
   * Reads {@code chowder.tls}; empty if no file is set.
   *
   * @throws IllegalArgumentException if only some files are set, or the files do not match: a node
   *     that is only partly protected must not start
   */
  public static Optional<TlsSettings> of(Config root) {
    var values = SettingsBinder.bind(root, "chowder.tls", Values.class);
    var files = new LinkedHashMap<String, Optional<Path>>();
    files.put(CERTIFICATE, values.internalCertificate);
    files.put(KEY, values.internalKey);
    files.put(CA, values.internalCa);
    var unset =
        files.entrySet().stream()
            .filter(file -> file.getValue().isEmpty())
            .map(Map.Entry::getKey)
            .toList();
    if (unset.size() == files.size()) return Optional.empty();
    if (!unset.isEmpty()) {
      throw rejected(
          unset.getFirst(),
          "be a PEM file, since others of " + files.keySet() + " are set",
          "none");
    }
    var settings =
        new TlsSettings(
            values.internalCertificate.orElseThrow(),
            values.internalKey.orElseThrow(),
            values.internalCa.orElseThrow(),
            values.internalName,
            values.reloadInterval);
    settings.check();
    return Optional.of(settings);
  }

  /**
   * Checks that the current files match.
   *
   * @throws IllegalArgumentException if they do not, with the name of the wrong setting
   */
  public void check() {
    var own = certificate(CERTIFICATE, certificate);
    var issuer = certificate(CA, ca);
    if (!(own.getPublicKey() instanceof RSAKey mine)
        || !mine.getModulus().equals(privateKey().getModulus())) {
      throw rejected(KEY, "be the key of " + certificate, key);
    }
    try {
      own.verify(issuer.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw rejected(CERTIFICATE, "be issued by " + ca + " itself", certificate);
    }
    try {
      own.checkValidity();
    } catch (GeneralSecurityException e) {
      throw rejected(
          CERTIFICATE,
          "be valid now",
          "one that is valid from "
              + own.getNotBefore().toInstant()
              + " until "
              + own.getNotAfter().toInstant());
    }
    if (!names(own).contains(name.toLowerCase(Locale.ROOT))) {
      throw rejected(CERTIFICATE, "have subjectAltName DNS:" + name, certificate);
    }
  }

  private static X509Certificate certificate(String setting, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      var found = CertificateFactory.getInstance("X.509").generateCertificate(in);
      if (found instanceof X509Certificate certificate) return certificate;
    } catch (IOException | GeneralSecurityException e) {
      // Reported below, since the JDK's message does not name the setting.
    }
    throw rejected(setting, "be a readable certificate in PEM", file);
  }

  /** Reads the private key. The error has no cause, since its message may quote the file. */
  private RSAKey privateKey() {
    try {
      var pem = PEMDecoder.decode(Files.readString(key));
      PrivateKey found = DERPrivateKeyLoader.load(pem);
      if (pem.label().equals("PRIVATE KEY") && found instanceof RSAKey rsa) return rsa;
    } catch (Exception e) {
      // Scala has no checked exceptions, so a syntax error may be any exception.
    }
    throw rejected(KEY, "be a readable RSA key in PEM (PKCS #8, no pass phrase)", key);
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

  private static IllegalArgumentException rejected(String setting, String rule, Object got) {
    var variable = "CHOWDER_TLS_" + setting.replace('-', '_').toUpperCase(Locale.ROOT);
    return new IllegalArgumentException(
        must("chowder.tls." + setting + " (" + variable + ")", rule, got));
  }
}

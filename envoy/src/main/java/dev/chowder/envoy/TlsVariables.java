package dev.chowder.envoy;

import static dev.chowder.base.ErrorText.must;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Checks the variables for TLS. Creates no certificates. */
public final class TlsVariables {
  private static final String CERTIFICATE = "CHOWDER_TLS_CERTIFICATE";
  private static final String KEY = "CHOWDER_TLS_KEY";
  private static final String CLIENT_CA = "CHOWDER_TLS_CLIENT_CA";
  private static final String INTERNAL_CERTIFICATE = "CHOWDER_TLS_INTERNAL_CERTIFICATE";
  private static final String INTERNAL_KEY = "CHOWDER_TLS_INTERNAL_KEY";
  private static final String INTERNAL_CA = "CHOWDER_TLS_INTERNAL_CA";

  /** CA that the commands of an installation trust. */
  private static final String CA = "CHOWDER_TLS_CA";

  /** Certificate with which the commands of an installation call Envoy. */
  private static final String CLIENT_CERTIFICATE = "CHOWDER_TLS_CLIENT_CERTIFICATE";

  private static final String CLIENT_KEY = "CHOWDER_TLS_CLIENT_KEY";

  /** Without characters that a string in YAML would change. */
  private static final Pattern PATH = Pattern.compile("/[^\"\\\\]+");

  private static final Pattern BEGIN_CERTIFICATE = Pattern.compile("-----BEGIN CERTIFICATE-----");
  private static final Pattern BEGIN_KEY = Pattern.compile("-----BEGIN .*PRIVATE KEY-----");
  private static final Pattern BEGIN_PKCS8 = Pattern.compile("-----BEGIN PRIVATE KEY-----");

  private final Map<String, String> variables;

  public TlsVariables(Map<String, String> variables) {
    this.variables = Map.copyOf(variables);
  }

  /** Returns whether TLS is on for callers. */
  public boolean isPublic() {
    return isSet(CERTIFICATE);
  }

  /** Returns whether TLS is on to nodes and between them. */
  public boolean isInternal() {
    return isSet(INTERNAL_CERTIFICATE);
  }

  /**
   * Checks the certificates of Envoy.
   *
   * @throws IllegalArgumentException if the settings are incomplete or a file is wrong
   */
  public void check() {
    checkTogether(CERTIFICATE, KEY);
    checkTogether(INTERNAL_CERTIFICATE, INTERNAL_KEY, INTERNAL_CA);
    if (isSet(CLIENT_CA) && !isPublic()) throw refused(CERTIFICATE, because(CLIENT_CA));
    for (var name : List.of(CERTIFICATE, CLIENT_CA, INTERNAL_CERTIFICATE, INTERNAL_CA)) {
      checkCertificate(name);
    }
    checkKey(KEY, CERTIFICATE);
    checkKey(INTERNAL_KEY, INTERNAL_CERTIFICATE);
  }

  /**
   * Checks the certificates of Envoy, and the one with which the commands of an installation call
   * Envoy.
   *
   * @throws IllegalArgumentException if the settings are incomplete or a file is wrong
   */
  public void checkCallers() {
    check();
    checkTogether(CLIENT_CERTIFICATE, CLIENT_KEY);
    checkCertificate(CA);
    checkCertificate(CLIENT_CERTIFICATE);
    checkKey(CLIENT_KEY, CLIENT_CERTIFICATE);
    // Envoy reads other formats, too, but the commands do not.
    if (isSet(CLIENT_KEY)) checkFile(CLIENT_KEY, BEGIN_PKCS8, "PRIVATE KEY (PKCS #8)");
    if (isSet(CLIENT_CA) && !isSet(CLIENT_CERTIFICATE)) {
      throw refused(
          CLIENT_CERTIFICATE,
          "a certificate that CHOWDER_TLS_CLIENT_CA issued, with which scripts call Envoy");
    }
  }

  /** Rejects variables of which some are set, but not all. */
  private void checkTogether(String... names) {
    for (var missing : names) {
      if (isSet(missing)) continue;
      for (var name : names) {
        if (isSet(name)) throw refused(missing, because(name));
      }
    }
  }

  private void checkCertificate(String name) {
    checkFile(name, BEGIN_CERTIFICATE, "CERTIFICATE");
  }

  private void checkKey(String name, String certificate) {
    if (!isSet(name)) return;
    checkFile(name, BEGIN_KEY, "PRIVATE KEY");
    if (!CertificateKey.matches(Path.of(value(name)), Path.of(value(certificate)))) {
      throw refused(name, "the key of " + certificate + ", without a pass phrase");
    }
  }

  /** The path must be absolute, since Envoy and nodes run in other folders. */
  private void checkFile(String name, Pattern begin, String what) {
    if (!isSet(name)) return;
    var path = value(name);
    if (!PATH.matcher(path).matches() || !begin.matcher(text(Path.of(path))).find()) {
      throw refused(name, "the absolute path of a readable PEM file with BEGIN " + what);
    }
  }

  /** Returns the text of a file; empty if it cannot be read. */
  private static String text(Path file) {
    try {
      // The text around the PEM may have any encoding.
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException unreadable) {
      return "";
    }
  }

  private static String because(String name) {
    return "a PEM file, because " + name + " is set";
  }

  private IllegalArgumentException refused(String name, String what) {
    return new IllegalArgumentException(
        isSet(name)
            ? must(name, "be " + what, value(name))
            : must(name, "be " + what) + "; it is not set");
  }

  private boolean isSet(String name) {
    return !value(name).isEmpty();
  }

  private String value(String name) {
    return variables.getOrDefault(name, "");
  }
}

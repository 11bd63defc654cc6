package dev.chowder.envoy;

import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/**
 * A self-signed certificate with its key in PEM files, made by the JDK's keytool.
 *
 * @param certificate in X.509
 * @param key in PKCS #8
 */
record KeyFiles(Path certificate, Path key) {
  private static final String PASSWORD = "password";

  /**
   * Makes a new key.
   *
   * @param name prefix of the file names
   * @param options of keytool, for the kind of the key
   */
  static KeyFiles make(Path folder, String name, String... options) {
    var store = folder.resolve(name + ".p12");
    var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    var _ =
        Program.of(keytool, "-genkeypair", "-alias", "own", "-dname", "CN=" + name)
            .and("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD)
            .and(options)
            .run();
    try {
      var keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
      return new KeyFiles(
          write(
              folder.resolve(name + ".crt"),
              "CERTIFICATE",
              keys.getCertificate("own").getEncoded()),
          write(
              folder.resolve(name + ".key"),
              "PRIVATE KEY",
              keys.getKey("own", PASSWORD.toCharArray()).getEncoded()));
    } catch (GeneralSecurityException | IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** Returns the encoded key. */
  byte[] encoded() {
    try {
      var lines = Files.readAllLines(key);
      return Base64.getMimeDecoder().decode(String.join("", lines.subList(1, lines.size() - 1)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Writes a PEM file. */
  static Path write(Path file, String label, byte[] content) throws IOException {
    var base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        file, "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n".formatted(label, base64));
  }
}

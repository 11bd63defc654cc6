package dev.chowder.envoy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateKeyTest {
  /** Where the older format begins in PKCS #8: after the version and the algorithm. */
  private static final int RSA_START = 26;

  private static final int EC_START = 28;

  @TempDir private static Path folder;
  private static KeyFiles rsa;
  private static KeyFiles otherRsa;
  private static KeyFiles p256;
  private static KeyFiles p384;
  private static KeyFiles ed25519;

  @BeforeAll
  static void keys() {
    rsa = KeyFiles.make(folder, "rsa", "-keyalg", "RSA", "-keysize", "2048");
    otherRsa = KeyFiles.make(folder, "other", "-keyalg", "RSA", "-keysize", "2048");
    p256 = KeyFiles.make(folder, "p256", "-keyalg", "EC", "-groupname", "secp256r1");
    p384 = KeyFiles.make(folder, "p384", "-keyalg", "EC", "-groupname", "secp384r1");
    ed25519 = KeyFiles.make(folder, "ed", "-keyalg", "Ed25519");
  }

  @Test
  void aKeyMatchesOnlyItsCertificate() {
    var all = new KeyFiles[] {rsa, otherRsa, p256, p384, ed25519};
    for (var key : all) {
      for (var other : all) {
        assertThat(CertificateKey.matches(key.key(), other.certificate()))
            .as("%s with %s", key.key(), other.certificate())
            .isEqualTo(key.equals(other));
      }
    }
  }

  @Test
  void aKeyInPkcs1Matches() throws IOException {
    var key = older(rsa, "RSA PRIVATE KEY", RSA_START);
    assertThat(CertificateKey.matches(key, rsa.certificate())).isTrue();
    assertThat(CertificateKey.matches(key, otherRsa.certificate())).isFalse();
    assertThat(CertificateKey.matches(key, p256.certificate())).isFalse();
  }

  /** OpenSSL writes the curve before such a key. */
  @Test
  void aKeyInSec1Matches() throws IOException {
    var key = older(p256, "EC PRIVATE KEY", EC_START);
    Files.writeString(
        key,
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
            + Files.readString(key));
    assertThat(CertificateKey.matches(key, p256.certificate())).isTrue();
    assertThat(CertificateKey.matches(key, p384.certificate())).isFalse();
    assertThat(CertificateKey.matches(key, rsa.certificate())).isFalse();
  }

  @Test
  void anEncryptedKeyDoesNotMatch() throws IOException {
    var encrypted =
        KeyFiles.write(folder.resolve("encrypted.key"), "ENCRYPTED PRIVATE KEY", rsa.encoded());
    assertThat(CertificateKey.matches(encrypted, rsa.certificate())).isFalse();
    var traditional = older(rsa, "RSA PRIVATE KEY", RSA_START);
    Files.writeString(
        traditional,
        Files.readString(traditional)
            .replaceFirst("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"));
    assertThat(CertificateKey.matches(traditional, rsa.certificate())).isFalse();
  }

  @Test
  void oneFileMayHaveTheCertificateAndTheKey() throws IOException {
    var both = folder.resolve("both.pem");
    Files.writeString(
        both, "text\n" + Files.readString(rsa.key()) + Files.readString(rsa.certificate()));
    assertThat(CertificateKey.matches(both, both)).isTrue();
    assertThat(CertificateKey.matches(both, otherRsa.certificate())).isFalse();
  }

  /** Envoy checks it. */
  @Test
  void anUnknownKindOfCertificateIsNotRejected() throws IOException {
    var unknown =
        KeyFiles.write(folder.resolve("unknown.crt"), "CERTIFICATE", new byte[] {0x30, 0});
    assertThat(CertificateKey.matches(rsa.key(), unknown)).isTrue();
  }

  /** OpenSSL writes parameters into such files. Envoy skips them. */
  @Test
  void otherObjectsMayPrecedeTheCertificateAndTheKey() throws IOException {
    var others =
        """
        -----BEGIN DH PARAMETERS-----
        MAYCAQ0CAQI=
        -----END DH PARAMETERS-----
        -----BEGIN OTHER-----
        MAA=
        -----END OTHER-----
        """;
    var key = folder.resolve("preceded.key");
    Files.writeString(key, others + Files.readString(rsa.key()));
    var certificate = folder.resolve("preceded.crt");
    Files.writeString(certificate, others + Files.readString(rsa.certificate()));
    assertThat(CertificateKey.matches(key, certificate)).isTrue();
    assertThat(CertificateKey.matches(key, otherRsa.certificate())).isFalse();
    assertThat(CertificateKey.matches(otherRsa.key(), certificate)).isFalse();
  }

  @Test
  void wrongBase64DoesNotMatch() throws IOException {
    var key = folder.resolve("wrong.key");
    Files.writeString(key, Files.readString(rsa.key()).replaceFirst("M", "-"));
    assertThat(CertificateKey.matches(key, rsa.certificate())).isFalse();
    var certificate = folder.resolve("wrong.crt");
    Files.writeString(certificate, Files.readString(rsa.certificate()).replaceFirst("M", "-"));
    assertThat(CertificateKey.matches(rsa.key(), certificate)).isFalse();
  }

  private static Path older(KeyFiles files, String label, int start) throws IOException {
    var encoded = files.encoded();
    return KeyFiles.write(
        folder.resolve("older.key"), label, Arrays.copyOfRange(encoded, start, encoded.length));
  }
}

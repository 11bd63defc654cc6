package dev.chowder.client;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import dev.chowder.client.failure.IoCause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import org.jspecify.annotations.Nullable;

/** Reads the certificate that a client presents, and its private key. */
final class ClientKey {
  private static final int MAX_BYTES = 64 << 10;
  private static final Pattern PKCS8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final Set<PosixFilePermission> OF_OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  /** The store is only in memory. */
  private static final char[] NO_CODE = new char[0];

  private ClientKey() {}

  /**
   * Returns what presents the certificate.
   *
   * @param certificate PEM file with the certificate, followed by those of its issuers
   * @param key PEM file with its private key in PKCS #8
   * @param isKeyOfOwner whether only the owner of the key's file may be able to read it
   */
  static KeyManager[] managers(Path certificate, Path key, boolean isKeyOfOwner) {
    try {
      var chain = Certificates.read(certificate).toArray(X509Certificate[]::new);
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      if (isKeyOfOwner) requireOwner(key);
      store.setKeyEntry("client", key(key, chain[0]), NO_CODE, chain);
      var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, NO_CODE);
      return managers.getKeyManagers();
    } catch (IOException failed) {
      throw unusable(certificate, IoCause.of(failed), "name a PEM file", failed);
    } catch (GeneralSecurityException failed) {
      throw unusable(certificate, failed.getClass().getSimpleName(), "name a PEM file", failed);
    }
  }

  private static void requireOwner(Path file) throws IOException {
    var others = Files.getPosixFilePermissions(file);
    others.retainAll(OF_OTHERS);
    if (others.isEmpty()) return;
    throw unusable(
        file, "other users can read or change it", "run chmod 600 %s".formatted(file), null);
  }

  private static PrivateKey key(Path file, X509Certificate certificate) {
    try {
      var encoded = decode(file);
      var key =
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(encoded));
      if (isOf(key, certificate)) return key;
      throw unusable(file, "it is not the key of the certificate", "name that key", null);
    } catch (IOException failed) {
      throw unusable(file, IoCause.of(failed), "name the key of the certificate", failed);
    } catch (GeneralSecurityException failed) {
      throw unusable(file, "it is not the key of the certificate", "name a key in PKCS #8", failed);
    }
  }

  private static byte[] decode(Path file) throws IOException {
    try (var stream = Files.newInputStream(file)) {
      var text = new String(stream.readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1);
      var match = PKCS8.matcher(text);
      if (match.find()) return Base64.getMimeDecoder().decode(match.group(1));
    } catch (IllegalArgumentException damaged) {
      throw new IOException("its Base64 is damaged", damaged);
    }
    throw unusable(
        file,
        "it has no unencrypted key in PKCS #8",
        "convert it with \"openssl pkcs8 -topk8 -nocrypt\"",
        null);
  }

  /** The server would only report that the handshake failed. */
  private static boolean isOf(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    var algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> "EdDSA";
        };
    var signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    var signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    return signature.verify(signed);
  }

  private static ClientException unusable(
      Path file, String why, String remedy, @Nullable Exception cause) {
    return new ClientException(
        Kind.INVALID,
        "cannot use the client certificate or key %s: %s; %s".formatted(file, why, remedy),
        cause);
  }
}

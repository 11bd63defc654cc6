package dev.chowder.envoy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/** Compares the key in a PEM file with a certificate, as Envoy does when it loads both. */
final class CertificateKey {
  private static final Pattern BLOCK =
      Pattern.compile("(?s)-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----");
  private static final byte[] PROOF = "chowder".getBytes(StandardCharsets.US_ASCII);

  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;
  private static final byte[] VERSION = {0x02, 0x01, 0x00};

  /** The object identifiers rsaEncryption, with its empty parameters, and ecPublicKey. */
  private static final byte[] RSA = HexFormat.of().parseHex("06092a864886f70d0101010500");

  private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");

  private record Pem(String label, String base64) {
    byte[] content() {
      return Base64.getMimeDecoder().decode(base64);
    }
  }

  private CertificateKey() {}

  /**
   * Returns false if the key is not the one of the certificate, or is encrypted. Returns true also
   * if Java cannot read this kind of certificate, such as one with an unusual curve: Envoy's log
   * then reports a mismatch.
   */
  static boolean matches(Path key, Path certificate) {
    try {
      var own = publicKey(block(certificate, "CERTIFICATE").content());
      var algorithm = signatureOf(own);
      return algorithm.isEmpty() || signs(block(key, "PRIVATE KEY"), own, algorithm.get());
    } catch (CertificateException unknown) {
      return true;
    } catch (GeneralSecurityException | IOException | IllegalArgumentException otherKey) {
      return false;
    }
  }

  /** Returns the algorithm for signatures of a key; empty if Java does not know its kind. */
  private static Optional<String> signatureOf(PublicKey key) {
    return switch (key) {
      case RSAPublicKey rsa when rsa.getAlgorithm().equals("RSA") -> Optional.of("SHA256withRSA");
      case ECPublicKey point when isKnown(point.getParams()) -> Optional.of("SHA256withECDSA");
      case EdECPublicKey _ -> Optional.of("EdDSA");
      default -> Optional.empty();
    };
  }

  /** Java can read keys of some curves with which it cannot sign. */
  private static boolean isKnown(ECParameterSpec curve) {
    try {
      KeyPairGenerator.getInstance("EC").initialize(curve);
      return true;
    } catch (GeneralSecurityException unknown) {
      return false;
    }
  }

  /** Returns whether the certificate's public key verifies a signature of the private key. */
  private static boolean signs(Pem key, PublicKey own, String algorithm)
      throws GeneralSecurityException, IOException {
    var secret =
        KeyFactory.getInstance(own.getAlgorithm())
            .generatePrivate(new PKCS8EncodedKeySpec(pkcs8(key, own)));
    var signature = Signature.getInstance(algorithm);
    signature.initSign(secret);
    signature.update(PROOF);
    var signed = signature.sign();
    signature.initVerify(own);
    signature.update(PROOF);
    return signature.verify(signed);
  }

  private static PublicKey publicKey(byte[] certificate) throws CertificateException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(certificate))
        .getPublicKey();
  }

  /**
   * Returns a key in PKCS #8, which is the only format that Java reads. The older formats contain
   * the same key without its algorithm.
   */
  private static byte[] pkcs8(Pem key, PublicKey own) throws GeneralSecurityException, IOException {
    return switch (key.label()) {
      case "PRIVATE KEY" -> key.content();
      // PKCS #1
      case "RSA PRIVATE KEY" -> pkcs8(key, RSA, new byte[0]);
      // SEC 1. Its curve is optional, and must be the one of the certificate.
      case "EC PRIVATE KEY" -> pkcs8(key, EC, curve(own));
      default -> throw new IllegalArgumentException(key.label());
    };
  }

  private static byte[] pkcs8(Pem key, byte[] algorithm, byte[] parameters) throws IOException {
    return der(
        SEQUENCE, VERSION, der(SEQUENCE, algorithm, parameters), der(OCTET_STRING, key.content()));
  }

  private static byte[] curve(PublicKey own) throws GeneralSecurityException, IOException {
    if (!(own instanceof ECPublicKey point)) throw new IllegalArgumentException("another kind");
    var parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(point.getParams());
    return parameters.getEncoded();
  }

  /** Encodes one value by the Distinguished Encoding Rules of ASN.1. */
  private static byte[] der(int tag, byte[]... parts) throws IOException {
    var content = new ByteArrayOutputStream();
    for (var part : parts) content.write(part);
    int length = content.size();
    var value = new ByteArrayOutputStream();
    value.write(tag);
    if (length > 0xFF) {
      value.write(0x82);
      value.write(length >> 8);
    } else if (length > 0x7F) {
      value.write(0x81);
    }
    value.write(length);
    content.writeTo(value);
    return value.toByteArray();
  }

  /** Returns the first block whose label ends so. Others may precede it, such as a curve. */
  private static Pem block(Path file, String label) throws IOException {
    var text = Files.readString(file, StandardCharsets.ISO_8859_1);
    return BLOCK
        .matcher(text)
        .results()
        .filter(block -> block.group(1).endsWith(label))
        .findFirst()
        .map(block -> new Pem(block.group(1), block.group(2)))
        .orElseThrow(() -> new IllegalArgumentException("no " + label));
  }
}

package dev.chowder.envoy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECParameterSpec;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.util.io.pem.PemObject;
import org.jspecify.annotations.Nullable;

/** Compares the key in a PEM file with a certificate, as Envoy does when it loads both. */
final class CertificateKey {
  private static final byte[] PROOF = "chowder".getBytes(StandardCharsets.US_ASCII);
  private static final JcaPEMKeyConverter CONVERTER = new JcaPEMKeyConverter();

  private CertificateKey() {}

  /**
   * Returns false if the key is not the one of the certificate, or is encrypted. Returns true also
   * if Java cannot read this kind of certificate, such as one with an unusual curve: Envoy's log
   * then reports a mismatch.
   */
  static boolean matches(Path key, Path certificate) {
    SubjectPublicKeyInfo info;
    PublicKey own;
    try {
      info = first(certificate, CertificateKey::publicKey);
      own = CONVERTER.getPublicKey(info);
    } catch (PEMException unknown) {
      return true;
    } catch (IOException | IllegalStateException noCertificate) {
      return false;
    }
    var algorithm = signatureOf(own);
    if (algorithm.isEmpty()) return true;
    try {
      var secret = first(key, read -> privateKey(read, info.getAlgorithm()));
      return signs(CONVERTER.getPrivateKey(secret), own, algorithm.get());
    } catch (GeneralSecurityException
        | IOException
        | IllegalArgumentException
        | IllegalStateException otherKey) {
      return false;
    }
  }

  /** Returns the first result for a certificate or key of a PEM file. Others may precede it. */
  private static <T> T first(Path file, Function<Object, @Nullable T> reader) throws IOException {
    try (var pem = new Pem(file)) {
      for (var read = pem.readObject(); read != null; read = pem.readObject()) {
        var found = reader.apply(read);
        if (found != null) return found;
      }
    }
    throw new IOException("not found in " + file);
  }

  /**
   * Skips all other objects, as Envoy does. The parser would fail at a label that it does not know.
   */
  private static final class Pem extends PEMParser {
    private static final Pattern LABEL =
        Pattern.compile("(X509 |TRUSTED )?CERTIFICATE|(RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY");

    Pem(Path file) throws IOException {
      super(Files.newBufferedReader(file, StandardCharsets.ISO_8859_1));
    }

    @Override
    public @Nullable PemObject readPemObject() throws IOException {
      var read = super.readPemObject();
      while (read != null && !LABEL.matcher(read.getType()).matches()) read = super.readPemObject();
      return read;
    }
  }

  private static @Nullable SubjectPublicKeyInfo publicKey(Object read) {
    return read instanceof X509CertificateHolder holder ? holder.getSubjectPublicKeyInfo() : null;
  }

  private static @Nullable PrivateKeyInfo privateKey(Object read, AlgorithmIdentifier own) {
    try {
      return switch (read) {
        case PrivateKeyInfo pkcs8 -> pkcs8;
        // PKCS #1 and SEC 1. The latter may lack the curve, which must be the certificate's.
        case PEMKeyPair older ->
            new PrivateKeyInfo(own, older.getPrivateKeyInfo().parsePrivateKey());
        default -> null;
      };
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(unreadable);
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
  private static boolean signs(PrivateKey secret, PublicKey own, String algorithm)
      throws GeneralSecurityException {
    var signature = Signature.getInstance(algorithm);
    signature.initSign(secret);
    signature.update(PROOF);
    var signed = signature.sign();
    signature.initVerify(own);
    signature.update(PROOF);
    return signature.verify(signed);
  }
}

package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * Who Chowder is to one gateway: a key pair that the gateway knows as a paired device. Over its
 * WebSocket a gateway gives nobody rights for the token alone; what is signed by a device that its
 * owner approved has those that were approved.
 */
public final class GatewayDevice {
  private static final String ALGORITHM = "Ed25519";

  /** What X.509 puts before the 32 bytes of the key itself. */
  private static final int X509_PREFIX = 12;

  private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

  private final PrivateKey privateKey;
  private final byte[] publicKey;

  private GatewayDevice(PrivateKey privateKey, byte[] publicKey) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** A new one, that no gateway knows yet, as it is kept. */
  static Secret make() {
    try {
      var pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
      var x509 = pair.getPublic().getEncoded();
      var raw = Arrays.copyOfRange(x509, X509_PREFIX, x509.length);
      return Secret.of(
          URL.encodeToString(pair.getPrivate().getEncoded()) + "." + URL.encodeToString(raw));
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }

  static GatewayDevice of(Secret kept) {
    var parts = kept.reveal().split("\\.", 2);
    if (parts.length != 2) throw new IllegalArgumentException("gateway device: not readable");
    try {
      return new GatewayDevice(
          KeyFactory.getInstance(ALGORITHM)
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getUrlDecoder().decode(parts[0]))),
          Base64.getUrlDecoder().decode(parts[1]));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("gateway device: not readable", e);
    }
  }

  /** As the gateway names it: a hash of the public key. */
  String id() {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(publicKey));
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }

  /**
   * The proof that this device makes the connection that the nonce is of, with these rights.
   *
   * @param at the gateway's time in milliseconds, as it told it with the nonce
   */
  ObjectNode proof(
      String clientId,
      String clientMode,
      String role,
      List<String> scopes,
      Secret token,
      String nonce,
      long at) {
    var signed =
        String.join(
            "|",
            "v2",
            id(),
            clientId,
            clientMode,
            role,
            String.join(",", scopes),
            Long.toString(at),
            token.reveal(),
            nonce);
    return OpenClawConfig.JSON
        .createObjectNode()
        .put("id", id())
        .put("publicKey", URL.encodeToString(publicKey))
        .put("signature", signature(signed))
        .put("signedAt", at)
        .put("nonce", nonce);
  }

  private String signature(String text) {
    try {
      var signature = Signature.getInstance(ALGORITHM);
      signature.initSign(privateKey);
      signature.update(text.getBytes(StandardCharsets.UTF_8));
      return URL.encodeToString(signature.sign());
    } catch (GeneralSecurityException broken) {
      throw new IllegalStateException(broken);
    }
  }
}

package dev.chowder.openclaw;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.Sha256;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * A key pair by which one gateway knows Chowder as a paired device. Over its WebSocket, a gateway
 * grants no rights for the token alone. A device that its owner approved has the approved rights.
 */
public final class GatewayDevice {
  private static final String ALGORITHM = "Ed25519";

  /** The length of the X.509 header before the 32 bytes of the key. */
  private static final int X509_PREFIX = 12;

  private static final String UNREADABLE = must("gateway device", "be a key pair");

  private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

  private final PrivateKey privateKey;
  private final byte[] publicKey;

  private GatewayDevice(PrivateKey privateKey, byte[] publicKey) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** Returns the stored form of a new key pair. */
  public static Secret create() {
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

  /** Reads the stored form of a key pair. */
  public static GatewayDevice of(Secret stored) {
    var parts = stored.reveal().split("\\.", 2);
    if (parts.length != 2) throw new IllegalArgumentException(UNREADABLE);
    try {
      return new GatewayDevice(
          KeyFactory.getInstance(ALGORITHM)
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getUrlDecoder().decode(parts[0]))),
          Base64.getUrlDecoder().decode(parts[1]));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(UNREADABLE, e);
    }
  }

  /** Returns the gateway's name for this device, a hash of the public key. */
  String id() {
    return Sha256.hex(publicKey);
  }

  /**
   * Returns the proof that this device opens the connection of the nonce, with these rights.
   *
   * @param at the gateway's time in milliseconds, which it sent with the nonce
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

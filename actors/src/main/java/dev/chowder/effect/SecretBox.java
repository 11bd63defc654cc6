package dev.chowder.effect;

import dev.chowder.secret.Secret;
import java.util.Optional;

/** The secrets that effects need, by owner and name. */
public interface SecretBox {
  /** The name of an instance's gateway token; the owner is the instance. */
  String GATEWAY_TOKEN = "gateway-token";

  /** The name of a provider's key; the owner is the organization. */
  static String providerKey(String provider) {
    return "provider/" + provider;
  }

  Optional<Secret> get(String owner, String name);

  void put(String owner, String name, Secret secret);

  /** Nothing of this owner can be read any more. */
  void deleteAll(String owner);
}

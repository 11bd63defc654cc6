package dev.chowder.secret;

/** Under which names secrets lie in the {@link SecretStore}; who owns each is said here too. */
public final class SecretNames {
  /** An instance's: the token that opens its gateway. */
  public static final String GATEWAY_TOKEN = "gateway-token";

  /** An instance's: the token that takes the place of that one, with its rotation's number. */
  public static final String NEXT_GATEWAY_TOKEN = "next-gateway-token";

  /** An instance's: the key pair by which its gateway knows Chowder as a device. */
  public static final String GATEWAY_DEVICE = "gateway-device";

  /** An instance's: its overrides onto OpenClaw's configuration, applied and pending ones. */
  public static final String OVERRIDES = "openclaw-config";

  /** What the names of an instance's channels begin with. */
  public static final String CHANNELS = "channel";

  private SecretNames() {}

  /** An instance's: what was asked for of a channel last, with its credentials. */
  public static String channel(String channel) {
    return CHANNELS + "/" + channel;
  }

  /** An instance's: what its gateway has taken of that. */
  public static String channelDone(String channel) {
    return CHANNELS + "-done/" + channel;
  }

  /** An organization's: the key of a model provider. */
  public static String providerKey(String provider) {
    return "provider/" + provider;
  }
}

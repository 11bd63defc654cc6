package dev.chowder.secret;

/**
 * Under which names secrets are in the {@link SecretStore}, and which of an instance or an
 * organization owns each.
 *
 * <p>What callers change has a version in its name: such a value is written once and never changes,
 * and events name the version that holds. {@link #UNVERSIONED} stands for the one row that Chowder
 * kept before there were versions; it is read and never written.
 */
public final class SecretNames {
  /** The version of a row from before there were versions. */
  public static final String UNVERSIONED = "0";

  /** An instance's: the token that opens its gateway. */
  public static final String GATEWAY_TOKEN = "gateway-token";

  /** An instance's: the token that takes the place of that one, with its rotation's number. */
  public static final String NEXT_GATEWAY_TOKEN = "next-gateway-token";

  /** An instance's: the key pair by which its gateway knows Chowder as a device. */
  public static final String GATEWAY_DEVICE = "gateway-device";

  /** What the names of an instance's configuration values begin with. */
  public static final String CONFIG_VALUES = "config/";

  /** What the names of an organization's provider keys begin with. */
  public static final String PROVIDER_KEYS = "provider/";

  private static final String UNVERSIONED_OVERRIDES = "openclaw-config";
  private static final String UNVERSIONED_CHANNEL = "channel/";
  private static final String CHANNEL_DONE = "channel-done/";

  private SecretNames() {}

  /** Returns the name of an instance's overrides onto OpenClaw's configuration. */
  public static String overrides(String version) {
    return version.equals(UNVERSIONED) ? UNVERSIONED_OVERRIDES : CONFIG_VALUES + version;
  }

  /**
   * Returns the name of what was asked for of an instance's channel, with its credentials.
   *
   * @param channel such as {@code telegram}
   */
  public static String channel(String channel, String version) {
    return version.equals(UNVERSIONED) ? UNVERSIONED_CHANNEL + channel : CONFIG_VALUES + version;
  }

  /** Returns the name of what an instance's gateway has taken of a channel. */
  public static String channelDone(String channel) {
    return CHANNEL_DONE + channel;
  }

  /** Returns the name of an organization's key of a model provider. */
  public static String providerKey(String provider, String version) {
    return PROVIDER_KEYS + provider + (version.equals(UNVERSIONED) ? "" : "/" + version);
  }
}

package dev.chowder.secret;

/**
 * Names the secrets in the {@link SecretStore}. Each belongs to an instance, an organization or the
 * installation.
 *
 * <p>Values that callers change have a version in their name. They are written once and never
 * change, and events name the current version. {@link #UNVERSIONED} stands for the single row that
 * Chowder stored before there were versions; it is read and never written.
 */
public final class SecretNames {
  /** The version of a row from before there were versions. */
  public static final String UNVERSIONED = "0";

  /** The token for an instance's gateway. */
  public static final String GATEWAY_TOKEN = "gateway-token";

  /**
   * The token that replaces the current token of an instance's gateway, with the number of its
   * rotation.
   */
  public static final String NEXT_GATEWAY_TOKEN = "next-gateway-token";

  /** The key pair that identifies Chowder as a device to an instance's gateway. */
  public static final String GATEWAY_DEVICE = "gateway-device";

  /** The owner of the secrets of the installation. */
  public static final String INSTALLATION = "installation";

  /** The installation's key for the names of containers. */
  public static final String CONTAINER_NAMES = "container-names";

  /** The prefix of the names of an instance's configuration values. */
  public static final String CONFIG_VALUES = "config/";

  /** The prefix of the names of an organization's provider keys. */
  public static final String PROVIDER_KEYS = "provider/";

  private static final String UNVERSIONED_OVERRIDES = "openclaw-config";
  private static final String UNVERSIONED_CHANNEL = "channel/";
  private static final String CHANNEL_DONE = "channel-done/";

  private SecretNames() {}

  /** Returns the name of an instance's overrides of OpenClaw's configuration. */
  public static String overrides(String version) {
    return version.equals(UNVERSIONED) ? UNVERSIONED_OVERRIDES : CONFIG_VALUES + version;
  }

  /**
   * Returns the name of a request for an instance's channel, with its credentials.
   *
   * @param channel such as {@code telegram}
   */
  public static String channel(String channel, String version) {
    return version.equals(UNVERSIONED) ? UNVERSIONED_CHANNEL + channel : CONFIG_VALUES + version;
  }

  /** Returns the name of the state of a channel that an instance's gateway has applied. */
  public static String channelDone(String channel) {
    return CHANNEL_DONE + channel;
  }

  /** Returns the name of an organization's key of a model provider. */
  public static String providerKey(String provider, String version) {
    return PROVIDER_KEYS + provider + (version.equals(UNVERSIONED) ? "" : "/" + version);
  }
}

package dev.chowder.openclaw.home;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.secret.Secret;
import java.util.List;
import java.util.Map;

/**
 * The paths in a sandbox's home volume, and the command that runs the gateway. Paths are relative
 * to the home volume unless stated otherwise.
 */
public final class OpenClawHome {
  /** OpenClaw's configuration. */
  public static final String CONFIG = ".openclaw/openclaw.json";

  /**
   * The configuration that onboarding wrote while the image was built, without token and identity.
   * The engine copies it from the image into each new home volume. Images without it onboard each
   * agent.
   */
  public static final String SKELETON = ".chowder/onboarded.json";

  /** The file of the image that tells that its gateway observes {@link #WARMS_UP}. */
  public static final String CAN_WARM_UP = ".chowder/can-warm-up";

  /**
   * The file that has a content while the gateway warms up. No request leaves it then, and a turn
   * gets a prepared reply ({@code image/patch-openclaw.mjs}). An agent can write it, too, so each
   * boot removes it.
   */
  public static final String WARMS_UP = ".openclaw/chowder/warms-up";

  /**
   * The copy of OpenClaw's Control UI, 55 MB, that a gateway of an earlier image made. The current
   * image makes none ({@code image/patch-openclaw.mjs}), so each boot removes it.
   */
  static final String CONTROL_UI_COPY = ".openclaw/cache/control-ui-assets";

  /**
   * The file that marks the home volume of a pool member as claimed. A server with a restored
   * database, which may not know the claim, keeps such a volume.
   */
  public static final String CLAIMED = ".chowder/claimed";

  /** The folder of the agent's files. */
  public static final String WORKSPACE = ".openclaw/workspace";

  /** The file that has only the provider's key, without a line break. */
  public static final String PROVIDER_KEY = ".openclaw/chowder/provider-key";

  /** The file that has only the gateway's token, without a line break. */
  public static final String GATEWAY_TOKEN = ".openclaw/chowder/gateway-token";

  /** The file to which a sandbox writes the schema of the configuration. */
  public static final String SCHEMA = "config-schema.json";

  /** The gateway's port inside the sandbox, OpenClaw's own default. */
  public static final int GATEWAY_PORT = 18789;

  /** The gateway's main process. The image's entry point is an init that forwards SIGTERM to it. */
  public static final List<String> GATEWAY_COMMAND = OpenClawCommand.afterCleanup("gateway", "run");

  /**
   * The gateway's environment, which has no secrets: OpenClaw's preset for a host that owns the
   * process. It announces nothing on the network, never hands over to another process, and starts
   * no login shell to copy its variables.
   */
  public static final Map<String, String> GATEWAY_ENVIRONMENT =
      Map.of(
          "OPENCLAW_DISABLE_BONJOUR", "1",
          "OPENCLAW_NO_RESPAWN", "1",
          "OPENCLAW_EXEC_SHELL_SNAPSHOT", "0");

  private static final String ABSOLUTE = "/home/node/";

  private OpenClawHome() {}

  /** Returns the absolute path inside the sandbox. */
  public static String absolute(String path) {
    return ABSOLUTE + path;
  }

  /** Returns a file that only the sandbox's user can read. */
  public static SandboxFile secretFile(String path, Secret secret) {
    return new SandboxFile(path, ByteString.copyFromUtf8(secret.reveal()), 0600);
  }
}

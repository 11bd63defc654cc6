package dev.chowder.openclaw;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.secret.Secret;
import java.util.List;
import java.util.Map;

/**
 * Where things lie in a sandbox's home, and how the gateway is run there. Paths are relative to the
 * home unless said otherwise.
 */
public final class OpenClawHome {
  /** OpenClaw's configuration. */
  public static final String CONFIG = ".openclaw/openclaw.json";

  /** The agent's files. */
  public static final String WORKSPACE = ".openclaw/workspace";

  /** The provider's key, and nothing else, without a line break. */
  public static final String PROVIDER_KEY = ".openclaw/chowder/provider-key";

  /** The gateway's token, and nothing else, without a line break. */
  public static final String GATEWAY_TOKEN = ".openclaw/chowder/gateway-token";

  /** Where a sandbox that is asked for the configuration's schema leaves it. */
  public static final String SCHEMA = "config-schema.json";

  /** The gateway's port inside the sandbox: OpenClaw's own default. */
  public static final int GATEWAY_PORT = 18789;

  /**
   * The gateway's main process; the image's entry point is an init that passes SIGTERM on to it.
   */
  public static final List<String> GATEWAY_COMMAND = OpenClawCommand.alone("gateway", "run");

  /** The gateway's environment; holds no secret. */
  public static final Map<String, String> GATEWAY_ENVIRONMENT = Map.of();

  private static final String ABSOLUTE = "/home/node/";

  private OpenClawHome() {}

  /** As processes in the sandbox see it. */
  public static String absolute(String path) {
    return ABSOLUTE + path;
  }

  /** A file that only the sandbox's user can read. */
  public static SandboxFile secretFile(String path, Secret secret) {
    return new SandboxFile(path, ByteString.copyFromUtf8(secret.reveal()), 0600);
  }
}

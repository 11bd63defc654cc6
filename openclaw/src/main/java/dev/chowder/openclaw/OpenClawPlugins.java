package dev.chowder.openclaw;

import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawCommand;
import java.time.Duration;
import java.util.List;

/**
 * Makes OpenClaw install the plugins of channels into an agent's home volume. OpenClaw trusts only
 * plugins that it installed itself. It gets them from the image's npm, without a network. Blocks.
 *
 * @param limit the maximum duration of one installation
 */
public record OpenClawPlugins(GatewayConversations conversations, Duration limit) {
  private static final String INSTALLED = "plugin already exists";
  private static final String UNDER_WAY = "operation is already running";

  /**
   * Makes a running gateway install and load the package. Succeeds if it is installed already. The
   * package must be one of OpenClaw's own, since others need a person's consent.
   */
  public AdminAnswer install(Gateway gateway, String npmPackage) throws InterruptedException {
    var params = OpenClawConfig.JSON.createObjectNode().put("source", "npm");
    params.put("spec", npmPackage);
    try (var socket = conversations.open(gateway, limit)) {
      var answer = socket.call("plugins.install", params);
      return isInstalled(answer) ? new Done(OpenClawConfig.JSON.createObjectNode()) : answer;
    } catch (UnansweredException unanswered) {
      return unanswered.why();
    }
  }

  private static boolean isInstalled(AdminAnswer answer) {
    return switch (answer) {
      case Busy(var message) -> isInstalled(message);
      case Refused(_, var message, _) -> isInstalled(message);
      default -> false;
    };
  }

  /**
   * Returns the command that installs the package while no gateway runs. If it fails, check its
   * output with {@link #isInstalled(String)}.
   */
  public static List<String> command(String npmPackage) {
    return OpenClawCommand.afterCleanup("plugins", "install", "npm:" + npmPackage);
  }

  /** Returns whether an installation failed only because the package is installed already. */
  public static boolean isInstalled(String message) {
    return message.contains(INSTALLED);
  }

  /**
   * Returns whether an installation failed only because the gateway runs another one: of another
   * caller, or one that exceeded its limit.
   */
  public static boolean isUnderWay(String message) {
    return message.contains(UNDER_WAY);
  }
}

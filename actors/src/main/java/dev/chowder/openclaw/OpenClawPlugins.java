package dev.chowder.openclaw;

import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import java.time.Duration;
import java.util.List;

/**
 * The plugins that channels need, which OpenClaw itself installs into an agent's home: it trusts
 * none that came there in another way. It takes them from its image, whose npm has them. Blocks.
 */
public final class OpenClawPlugins {
  private static final String THERE = "plugin already exists";
  private static final String UNDER_WAY = "operation is already running";

  private final GatewayConversations conversations;
  private final Duration limit;

  /**
   * Wires it.
   *
   * @param limit of one installation
   */
  public OpenClawPlugins(GatewayConversations conversations, Duration limit) {
    this.conversations = conversations;
    this.limit = limit;
  }

  /**
   * Has a running gateway install and load the package; done, too, where it is there already. The
   * package has to be one of OpenClaw's own: others need somebody's consent.
   */
  public AdminAnswer install(Gateway gateway, String npmPackage) throws InterruptedException {
    var params = OpenClawConfig.JSON.createObjectNode().put("source", "npm");
    params.put("spec", npmPackage);
    try (var socket = conversations.open(gateway, limit)) {
      var answer = socket.call("plugins.install", params);
      return isThere(answer) ? new Done(OpenClawConfig.JSON.createObjectNode()) : answer;
    } catch (UnansweredException unanswered) {
      return unanswered.why();
    }
  }

  private static boolean isThere(AdminAnswer answer) {
    return switch (answer) {
      case Busy(var message) -> isThere(message);
      case Refused(_, var message, _) -> isThere(message);
      default -> false;
    };
  }

  /** The same where no gateway runs; how it ended is for {@link #isThere(String)}, too. */
  public static List<String> command(String npmPackage) {
    return OpenClawCommand.alone("plugins", "install", "npm:" + npmPackage);
  }

  /** Whether it failed only because the package is there already. */
  public static boolean isThere(String said) {
    return said.contains(THERE);
  }

  /**
   * Whether it failed only because the gateway is at another installation, somebody else's or one
   * that took longer than its limit.
   */
  public static boolean isUnderWay(String said) {
    return said.contains(UNDER_WAY);
  }
}

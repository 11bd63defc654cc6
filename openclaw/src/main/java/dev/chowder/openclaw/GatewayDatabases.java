package dev.chowder.openclaw;

import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.time.Duration;
import java.util.function.Function;

/**
 * Checks whether a gateway can use the databases of its agents. OpenClaw closes a database some
 * time after its last use, and saves all databases every 30 minutes. Both take one lock. If a close
 * does not get it, OpenClaw answers every later turn with an internal error until its process ends.
 * Neither its readiness nor methods of its admin interface show that. Chowder's image puts off a
 * close that falls due in a freeze, so that both meet only by chance. With other images, both can
 * fall due in one freeze.
 *
 * @param devices returns Chowder's device for an instance's gateway
 */
public record GatewayDatabases(
    OpenClawAdmin admin,
    GatewayConversations conversations,
    Function<String, GatewayDevice> devices) {
  /**
   * Removes a group of sessions from all agents, which opens their databases for writing as a turn
   * does. It calls no provider. No group has this name, so no session changes.
   */
  private static final String USE = "sessions.groups.delete";

  private static final String NO_GROUP = "chowder-none-5f1d0c52-6c0e-4b0f-8c2c-0f6f4d0f9a11";

  /**
   * Two, because the use of one agent's database can close another's, and only the next use shows
   * that this failed.
   */
  private static final int USES = 2;

  /**
   * Right after a thaw, a healthy gateway fails some tries: it saves its databases, which takes the
   * lock, and restarts its channels.
   */
  private static final int MAX_TRIES = 10;

  private static final Duration PAUSE = Duration.ofMillis(500);

  /** So that a try without an answer can be repeated. The longest one measured took 10 s. */
  private static final Duration TRY_LIMIT = Duration.ofSeconds(15);

  /** The result of a check. */
  public enum Finding {
    /** The gateway used its databases. */
    USABLE,
    /** Every try failed, although the gateway was healthy. */
    UNUSABLE,
    /** The gateway did not answer a try, or was busy: it is restarting or suspended. */
    UNKNOWN
  }

  /**
   * Checks whether the databases can be used. Opens those that OpenClaw closed, so that the next
   * turn need not.
   *
   * @param deadline value of {@link System#nanoTime} after which no try begins
   */
  Finding check(String id, SandboxEndpoint gateway, Secret token, long deadline)
      throws InterruptedException {
    var at = new Gateway(gateway, token, devices.apply(id));
    var worst = Finding.UNUSABLE;
    for (int tries = 1; tries <= MAX_TRIES; tries++) {
      if (tries > 1) Thread.sleep(PAUSE);
      var left = Duration.ofNanos(deadline - System.nanoTime());
      if (!left.isPositive()) return tries == 1 ? Finding.UNKNOWN : worst;
      var found = use(at, left.compareTo(TRY_LIMIT) < 0 ? left : TRY_LIMIT);
      if (found == Finding.USABLE) return found;
      if (found == Finding.UNKNOWN) worst = found;
    }
    return worst;
  }

  private Finding use(Gateway gateway, Duration limit) throws InterruptedException {
    try (var socket = conversations.open(gateway, limit)) {
      for (int use = 1; use <= USES; use++) {
        var params = OpenClawConfig.JSON.createObjectNode().put("name", NO_GROUP);
        var answer = socket.call(USE, params);
        if (answer instanceof Done) continue;
        boolean healthy =
            !(answer instanceof NoAnswer)
                && admin.health(gateway.at(), gateway.token()) instanceof Done;
        return healthy ? Finding.UNUSABLE : Finding.UNKNOWN;
      }
      return Finding.USABLE;
    } catch (UnansweredException unanswered) {
      return Finding.UNKNOWN;
    }
  }
}

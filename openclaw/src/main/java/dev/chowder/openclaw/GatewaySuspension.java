package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.GatewayDatabases.Finding;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Suspends gateways before a freeze and resumes them after a thaw. A suspended gateway has finished
 * its work and rejects turns. It holds a lease of two minutes, after which it admits turns by
 * itself, also if it was frozen meanwhile. A gateway that admits turns after a thaw may still fail
 * all of them, because it cannot use its databases. Blocks. Does not freeze.
 */
public final class GatewaySuspension {
  private static final Logger LOG = LoggerFactory.getLogger(GatewaySuspension.class);

  /**
   * The name of Chowder's suspension. It is constant, so that another node, or this one after a
   * restart, can continue the suspension.
   */
  private static final String REQUEST = "chowder";

  private static final String PREPARE = "gateway.suspend.prepare";
  private static final String STATUS = "gateway.suspend.status";
  private static final String RESUME = "gateway.suspend.resume";

  /** A cheap method that a gateway rejects exactly while it rejects turns. */
  private static final String PROBE = "cron.status";

  private static final Duration MIN_PAUSE = Duration.ofMillis(25);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(1);

  /** The gateway accepts 30 calls of {@link #PREPARE} a minute. */
  private static final Duration PREPARE_PAUSE = Duration.ofSeconds(2);

  /** A quarter of the lease. A freeze follows within the rest. */
  private static final Duration RENEW_AFTER = Duration.ofSeconds(30);

  /**
   * After so many calls in a row without a response, the process has probably ended. A single one
   * may have used a connection that the gateway had closed.
   */
  private static final int MAX_UNANSWERED = 3;

  private static final Pattern KIND = Pattern.compile("[a-z-]{1,40}");

  private static final int MAX_BLOCKERS = 8;

  /** Without its suspension's id, a resume takes one more call. */
  private static final int MAX_KEPT = 10_000;

  private final OpenClawAdmin admin;
  private final GatewayDatabases databases;
  private final Tokens tokens;
  private final Duration cancelLimit;

  /** The ids of suspensions that this node prepared, by instance. Guarded by itself. */
  private final Cache<String, String> kept = Caffeine.newBuilder().maximumSize(MAX_KEPT).build();

  /** Returns the token that an instance's gateway accepts now; empty if there is none. */
  public interface Tokens {
    /** Returns the token; may call the gateway. */
    Optional<Secret> of(String instanceId, SandboxEndpoint gateway) throws InterruptedException;
  }

  /**
   * Creates the suspension of gateways.
   *
   * @param cancelLimit maximum time in which {@link #prepare} makes a gateway admit turns again,
   *     after its own limit
   */
  public GatewaySuspension(
      OpenClawAdmin admin, GatewayDatabases databases, Tokens tokens, Duration cancelLimit) {
    this.admin = admin;
    this.databases = databases;
    this.tokens = tokens;
    this.cancelLimit = cancelLimit;
  }

  /**
   * Makes the gateway reject new turns and finish its work. If it returns false or is interrupted,
   * the gateway admits turns again, at the latest when its lease expires.
   *
   * @param limit maximum time in which the gateway finishes its work
   * @return whether the gateway is ready to be frozen
   */
  public boolean prepare(String id, SandboxEndpoint gateway, Duration limit)
      throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    var token = tokens.of(id, gateway);
    if (token.isEmpty()) return false;
    var at = new Gateway(admin, gateway, token.get());
    boolean ready = false;
    try {
      ready = awaitReady(id, at, deadline);
      return ready;
    } finally {
      if (!ready) cancel(id, at);
    }
  }

  private boolean awaitReady(String id, Gateway at, long deadline) throws InterruptedException {
    var suspension = Optional.<String>empty();
    JsonNode last = MissingNode.getInstance();
    long renewed = 0;
    int unanswered = 0;
    for (var pause = MIN_PAUSE; ; pause = longer(pause)) {
      boolean renews = suspension.isEmpty() || System.nanoTime() - renewed > RENEW_AFTER.toNanos();
      var answer = renews ? at.prepare(deadline) : at.call(STATUS, suspension.get(), deadline);
      if (answer instanceof Done(var payload)) {
        if (renews) {
          suspension = held(answer);
          suspension.ifPresent(own -> kept.put(id, own));
          renewed = System.nanoTime();
        }
        last = payload;
        switch (payload.path("status").asText()) {
          case "ready" -> {
            return true;
          }
          case "draining" -> {}
          // The lease expired, or other work prevents a suspension.
          default -> suspension = Optional.empty();
        }
      }
      if (answer instanceof Refused || answer instanceof TokenRefused) return false;
      unanswered = answer instanceof NoAnswer ? unanswered + 1 : 0;
      if (unanswered == MAX_UNANSWERED) return false;
      boolean limited = suspension.isEmpty() && unanswered == 0;
      if (!sleep(limited ? PREPARE_PAUSE : pause, deadline)) {
        LOG.info("instance={} event=not-suspended blockers={}", id, blockers(last));
        return false;
      }
    }
  }

  /**
   * Returns the kinds of work that prevent the suspension, or {@code unknown}. Drops a kind that
   * does not match {@link #KIND}, because the response comes from the sandbox.
   */
  private static String blockers(JsonNode payload) {
    var kinds =
        StreamSupport.stream(payload.path("blockers").spliterator(), false)
            .map(blocker -> blocker.path("kind").asText())
            .filter(kind -> KIND.matcher(kind).matches())
            .distinct()
            .limit(MAX_BLOCKERS)
            .collect(Collectors.joining(","));
    return kinds.isEmpty() ? "unknown" : kinds;
  }

  /** Makes the gateway admit turns, also if the last call was interrupted or has no answer. */
  private void cancel(String id, Gateway at) throws InterruptedException {
    boolean interrupted = Thread.interrupted();
    try {
      var _ = awaitAdmission(id, at, System.nanoTime() + cancelLimit.toNanos());
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  /**
   * Makes a thawed gateway admit turns and waits until it does. It may still be unable to take
   * them, see {@link #canTakeTurns}.
   *
   * @param deadline value of {@link System#nanoTime} after which the answer is false
   * @return whether the gateway admits turns
   */
  public boolean admit(String id, SandboxEndpoint gateway, long deadline)
      throws InterruptedException {
    var token = tokens.of(id, gateway);
    return token.isPresent()
        && awaitAdmission(id, new Gateway(admin, gateway, token.get()), deadline);
  }

  /**
   * Returns whether a gateway that admits turns has shown that it can take them.
   *
   * @param deadline value of {@link System#nanoTime} after which the answer is false
   */
  public boolean canTakeTurns(String id, SandboxEndpoint gateway, long deadline)
      throws InterruptedException {
    return databases(id, gateway, deadline) == Finding.USABLE;
  }

  /**
   * Checks the databases of a gateway that admits turns. If they are {@code UNUSABLE}, its process
   * takes no turn until it ends.
   *
   * @param deadline value of {@link System#nanoTime} after which no try begins
   */
  public Finding databases(String id, SandboxEndpoint gateway, long deadline)
      throws InterruptedException {
    var token = tokens.of(id, gateway);
    return token.isPresent()
        ? databases.check(id, gateway, token.get(), deadline)
        : Finding.UNKNOWN;
  }

  private boolean awaitAdmission(String id, Gateway at, long deadline) throws InterruptedException {
    var suspension = Optional.ofNullable(kept.asMap().remove(id));
    int unanswered = 0;
    for (var pause = MIN_PAUSE; ; pause = longer(pause)) {
      AdminAnswer answer;
      if (suspension.isPresent()) {
        answer = at.call(RESUME, suspension.get(), deadline);
        if (answer instanceof Done(var payload) && payload.path("resumed").asBoolean()) return true;
        // The lease expired, or another suspension holds it. The probe decides.
        if (answer instanceof Done || answer instanceof Refused) {
          suspension = Optional.empty();
          continue;
        }
      } else {
        answer = at.call(PROBE, deadline);
        if (answer instanceof Done) return true;
        if (answer instanceof Refused) return false;
        if (answer instanceof Busy) suspension = held(at.prepare(deadline));
        if (suspension.isPresent()) continue;
      }
      if (answer instanceof TokenRefused) return false;
      unanswered = answer instanceof NoAnswer ? unanswered + 1 : 0;
      if (unanswered == MAX_UNANSWERED || !sleep(pause, deadline)) return false;
    }
  }

  /** Returns the id of the suspension that the gateway holds for Chowder. */
  private static Optional<String> held(AdminAnswer prepared) {
    return prepared instanceof Done(var payload) && payload.has("suspensionId")
        ? Optional.of(payload.path("suspensionId").asText())
        : Optional.empty();
  }

  /** Returns false at once if the deadline would pass. */
  private static boolean sleep(Duration pause, long deadline) throws InterruptedException {
    if (deadline - System.nanoTime() <= pause.toNanos()) return false;
    Thread.sleep(pause);
    return true;
  }

  private static Duration longer(Duration pause) {
    var next = pause.multipliedBy(3).dividedBy(2);
    return next.compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : next;
  }

  /** A gateway and its token. */
  private record Gateway(OpenClawAdmin admin, SandboxEndpoint endpoint, Secret token) {
    /** Begins a suspension, or renews its lease. Open terminals survive a freeze. */
    AdminAnswer prepare(long deadline) throws InterruptedException {
      var params = OpenClawConfig.JSON.createObjectNode();
      params.put("requestId", REQUEST).put("terminalPolicy", "terminate").put("drain", true);
      return call(PREPARE, params, deadline);
    }

    AdminAnswer call(String method, String suspension, long deadline) throws InterruptedException {
      var params = OpenClawConfig.JSON.createObjectNode().put("suspensionId", suspension);
      return call(method, params, deadline);
    }

    AdminAnswer call(String method, long deadline) throws InterruptedException {
      return call(method, OpenClawConfig.JSON.createObjectNode(), deadline);
    }

    private AdminAnswer call(String method, ObjectNode params, long deadline)
        throws InterruptedException {
      var left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
      return admin.call(endpoint, token, method, params, left);
    }
  }
}

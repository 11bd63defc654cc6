package dev.chowder.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Simulates which turns one gateway process admits, and its cooperative suspension. Only turns over
 * HTTP count as work. Turns end with the process that serves the gateway; a suspension outlives it.
 * Guarded by itself.
 */
final class FakeAdmission {
  private static final Duration LEASE = Duration.ofMinutes(2);

  /** A suspension; another controller's has another request id. */
  record Lease(String requestId, String id, long until) {
    Lease renewed() {
      return new Lease(requestId, id, System.nanoTime() + LEASE.toNanos());
    }

    /** After a reboot, the time may be far in the future. */
    private boolean isHeld() {
      long left = until - System.nanoTime();
      return left > 0 && left <= LEASE.toNanos();
    }
  }

  private int turns;
  private final StateFile<Lease> held;

  FakeAdmission(StateFile<Lease> held) {
    this.held = held;
  }

  /** Returns whether the gateway admits turns. */
  synchronized boolean isOpen() {
    return lease() == null;
  }

  /** Begins a turn, and returns whether it was admitted. */
  synchronized boolean beginTurn() {
    if (!isOpen()) return false;
    turns++;
    return true;
  }

  synchronized void endTurn() {
    turns--;
  }

  /** Lets the lease expire, as it does two minutes after its last renewal. */
  synchronized void expire() {
    held.clear();
  }

  /** Answers the methods of a suspension, and rejects all others while one is held. */
  synchronized boolean answer(String method, JsonNode params, ObjectNode answer) {
    switch (method) {
      case "gateway.suspend.prepare" -> prepare(params, answer);
      case "gateway.suspend.status" -> status(params, answer);
      case "gateway.suspend.resume" -> resume(params, answer);
      default -> {
        if (isOpen()) return false;
        reject(answer, method + " unavailable during gateway suspension");
      }
    }
    return true;
  }

  private void prepare(JsonNode params, ObjectNode answer) {
    String requestId = params.path("requestId").asText();
    Lease lease = lease();
    if (lease == null) {
      if (turns > 0 && !params.path("drain").asBoolean()) {
        payload(answer, "busy").put("reason", "active-work");
        return;
      }
      lease = new Lease(requestId, UUID.randomUUID().toString(), 0);
    } else if (!lease.requestId().equals(requestId)) {
      reject(answer, "another gateway suspension is already prepared");
      return;
    }
    held.write(lease.renewed());
    payload(answer, phase()).put("suspensionId", lease.id());
  }

  private void status(JsonNode params, ObjectNode answer) {
    Lease lease = lease();
    if (lease == null) payload(answer, "running");
    else if (isOf(params, lease)) payload(answer, phase());
    else reject(answer, "a different gateway suspension is prepared");
  }

  private void resume(JsonNode params, ObjectNode answer) {
    Lease lease = lease();
    if (lease != null && !isOf(params, lease)) {
      FakeConversation.reject(answer, "INVALID_REQUEST", "gateway suspension id does not match");
      return;
    }
    held.clear();
    payload(answer, "running").put("ok", true).put("resumed", lease != null);
  }

  private static boolean isOf(JsonNode params, Lease lease) {
    return params.path("suspensionId").asText().equals(lease.id());
  }

  private String phase() {
    return turns > 0 ? "draining" : "ready";
  }

  private @Nullable Lease lease() {
    Lease lease = held.read().orElse(null);
    if (lease == null || lease.isHeld()) return lease;
    held.clear();
    return null;
  }

  private ObjectNode payload(ObjectNode answer, String status) {
    var payload =
        answer.put("ok", true).putObject("payload").put("status", status).put("activeCount", turns);
    var blockers = payload.putArray("blockers");
    for (int turn = 1; turn <= turns; turn++) {
      blockers.addObject().put("kind", "chat-run").put("count", 1).put("message", "a chat run");
    }
    return payload;
  }

  private static void reject(ObjectNode answer, String message) {
    FakeConversation.reject(answer, "UNAVAILABLE", message);
  }
}

package dev.chowder.creation;

import com.google.protobuf.ByteString;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.PoolSetup;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.pool.PoolMembers;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.Sandboxes;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds pool members for creates. Two creates of a node never try the same member; of creates of
 * several nodes, the member accepts one.
 */
public final class PoolClaims {
  private static final Logger LOG = LoggerFactory.getLogger(PoolClaims.class);

  /** Each try takes a slot and asks an actor, so that a cold create is not delayed for long. */
  private static final int MAX_TRIES = 3;

  /** Pauses after each try to mark a home volume. */
  private static final List<Duration> MARK_PAUSES =
      List.of(Duration.ofSeconds(1), Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ZERO);

  private final PoolMembers members;
  private final Sandboxes sandboxes;
  private final Executor blocking;
  private final boolean enabled;
  private final Counter hits;
  private final Counter misses;

  /** Members that a create of this node is claiming. */
  private final Set<InstanceId> taken = ConcurrentHashMap.newKeySet();

  /**
   * Creates the claims of a node.
   *
   * @param enabled whether there can be members
   */
  public PoolClaims(
      PoolMembers members,
      Sandboxes sandboxes,
      Executor blocking,
      boolean enabled,
      MeterRegistry metrics) {
    this.members = members;
    this.sandboxes = sandboxes;
    this.blocking = blocking;
    this.enabled = enabled;
    this.hits = counter("hit", metrics);
    this.misses = counter("miss", metrics);
  }

  private static Counter counter(String result, MeterRegistry metrics) {
    return Counter.builder("chowder.pool.creates")
        .description("Creates that claimed a pool member (hit), or found none (miss)")
        .tag("result", result)
        .register(metrics);
  }

  /**
   * Returns the result of the first claim that succeeds; empty if there is no fitting member.
   *
   * @param setup returns what the create would provision; not called if there are no members
   * @param claim tries to claim a member; empty if that is impossible
   */
  Optional<InstanceView> first(
      String organizationId,
      Supplier<Optional<PoolSetup>> setup,
      Function<InstanceView, Optional<InstanceView>> claim) {
    if (!enabled) return Optional.empty();
    int tries = 0;
    for (var member : fitting(organizationId, setup)) {
      if (tries == MAX_TRIES) break;
      if (!taken.add(member.id())) continue;
      tries++;
      try {
        if (!members.isReady(member.id()) || !isHere(member)) continue;
        var claimed = claim.apply(member);
        if (claimed.isPresent()) {
          hits.increment();
          blocking.execute(() -> mark(claimed.get()));
          return claimed;
        }
      } finally {
        taken.remove(member.id());
      }
    }
    misses.increment();
    return Optional.empty();
  }

  /** Returns whether this node has the sandbox of a member, which a claim would start at once. */
  private boolean isHere(InstanceView member) {
    try {
      sandboxes.requireHere(member.id().value(), member.profile().home());
      return true;
    } catch (SandboxException why) {
      LOG.warn("instance={} event=member-not-claimed message={}", member.id(), why.getMessage());
      return false;
    }
  }

  private List<InstanceView> fitting(String organizationId, Supplier<Optional<PoolSetup>> setup) {
    var all = members.pooled(organizationId);
    if (all.isEmpty()) return all;
    var wanted = setup.get();
    return all.stream().filter(one -> one.member().equals(wanted)).toList();
  }

  /**
   * Marks the home volume, for a server whose database does not know the claim. A mark that is
   * missing matters only if the database is restored to a time before the claim, and the agent was
   * never booted again.
   */
  private void mark(InstanceView claimed) {
    var file = new SandboxFile(OpenClawHome.CLAIMED, ByteString.EMPTY, 0600);
    var fence = new Fence(claimed.attempt(), claimed.profile().homes().generation());
    for (var pause : MARK_PAUSES) {
      try {
        sandboxes
            .of(claimed.id().value(), claimed.profile().home())
            .writeFiles(fence, List.of(file));
        return;
      } catch (SandboxException why) {
        LOG.warn(
            "instance={} event=claim-not-marked reason={} message={}",
            claimed.id(),
            why.reason(),
            why.getMessage());
        if (why.reason() == SandboxException.Reason.NOT_FOUND) return;
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException closing) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}

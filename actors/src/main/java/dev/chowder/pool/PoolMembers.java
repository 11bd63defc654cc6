package dev.chowder.pool;

import dev.chowder.base.Ids;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.instance.PoolSetup;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists, creates and discards pool members. Each member decides whether it is discarded, because a
 * create may be claiming it.
 */
public final class PoolMembers {
  /** The name that an instance gets if the database lost its create. */
  private static final String NAME = "pool-member";

  private static final Logger LOG = LoggerFactory.getLogger(PoolMembers.class);

  /** Far more than a reply within a node or a cluster takes. */
  private static final Duration READY_LIMIT = Duration.ofMillis(500);

  private final Instances instances;
  private final InstanceRows rows;
  private final InstantSource clock;

  public PoolMembers(Instances instances, InstanceRows rows, InstantSource clock) {
    this.instances = instances;
    this.rows = rows;
    this.clock = clock;
  }

  /** Returns the members of an organization that can be claimed, oldest first, by their rows. */
  public List<InstanceView> pooled(String organizationId) {
    return views(rows.unlisted(organizationId, Name.POOLED.label()));
  }

  private static List<InstanceView> views(List<InstanceRow> members) {
    return members.stream().map(InstanceReadRows::view).toList();
  }

  /** Returns whether any organization has members, by their rows. */
  boolean exist() {
    var counts = rows.countByStatus();
    return counts.containsKey(Name.POOLED.label()) || counts.containsKey(Name.WARMING.label());
  }

  /** Returns the members of all organizations, oldest first. Reads the rows of all instances. */
  List<InstanceView> all(int pageSize) {
    var all = new ArrayList<InstanceView>();
    rows.forEachLive(
        pageSize,
        row -> {
          if (row.position().isEmpty()) all.add(InstanceReadRows.view(row));
        });
    return all;
  }

  /**
   * Returns the current state of a member, or of the instance that it became; empty if it does not
   * exist. The message also keeps its actor in memory: a member whose actor is recovered from the
   * journal is discarded.
   */
  Optional<InstanceView> current(InstanceId id) {
    return accepted(id, InstanceCommand.Get::new);
  }

  /**
   * Returns whether a member can be claimed now. False if it does not reply at once, for example
   * because its node was lost: a create must not wait for it.
   */
  public boolean isReady(InstanceId id) {
    try {
      return instances
                  .ask(id, InstanceCommand.Get::new)
                  .toCompletableFuture()
                  .get(READY_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
              instanceof InstanceReply.Accepted(var view)
          && view.status().now() == Name.POOLED;
    } catch (ExecutionException | TimeoutException noReply) {
      return false;
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Begins to provision a member. */
  Optional<InstanceView> create(InstanceId id, Profile like, PoolSetup setup) {
    var now = clock.instant();
    var profile =
        new Profile(
            like.organizationId(),
            NAME,
            setup.model(),
            like.sandboxProvider(),
            like.sandboxImage(),
            like.openclawVersion(),
            like.region(),
            Map.of(),
            0,
            0,
            TokenRotations.NONE,
            ConfigValues.NONE,
            Homes.FIRST,
            Optional.empty(),
            now,
            now,
            now,
            Ids.next());
    return accepted(id, replyTo -> new InstanceCommand.Warm(profile, setup, now, replyTo));
  }

  private Optional<InstanceView> accepted(
      InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    try {
      return instances.ask(id, command).toCompletableFuture().join()
              instanceof InstanceReply.Accepted(var view)
          ? Optional.of(view)
          : Optional.empty();
    } catch (CompletionException why) {
      throw new IllegalStateException("no reply from instance " + id, why.getCause());
    }
  }

  /** Discards a member that is not claimed meanwhile. */
  void discard(InstanceId id) {
    instances.tell(id, new InstanceCommand.Discard(clock.instant()));
  }

  /** Discards the members of an organization; returns whether all accepted. */
  public boolean discardAll(String organizationId) {
    boolean all = true;
    for (var status : List.of(Name.POOLED, Name.WARMING)) {
      for (var member : views(rows.unlisted(organizationId, status.label()))) {
        all &= isDiscarded(member.id());
      }
    }
    return all;
  }

  private boolean isDiscarded(InstanceId id) {
    discard(id);
    try {
      // Its reply follows the discard.
      return current(id).filter(view -> !view.isTerminated()).isEmpty();
    } catch (IllegalStateException noReply) {
      return false;
    }
  }

  /**
   * Discards a member and waits until its memory is free, at most for {@code limit}. A member that
   * does not reply keeps its memory.
   */
  void discardAndWait(InstanceId id, Duration limit) {
    discard(id);
    try {
      var _ =
          instances
              .await(
                  id,
                  view -> view.isListed() || (view.isTerminated() && !view.effectPending()),
                  new InstanceReply.Done(),
                  limit)
              .toCompletableFuture()
              .join();
    } catch (CompletionException noReply) {
      LOG.debug("instance={} event=pool-member-not-discarded", id, noReply);
    }
  }
}

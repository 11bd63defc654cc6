package dev.chowder.cluster;

import dev.chowder.storage.MemberSession;
import dev.chowder.storage.MemberSession.Formation;
import dev.chowder.storage.MemberSession.Hold;
import dev.chowder.storage.MemberSession.Member;
import dev.chowder.storage.StorageException;
import dev.chowder.storage.StorageSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ensures that the nodes on one database are one cluster. Permits this node to form a cluster or to
 * join one. Afterwards it holds the node's share of the cluster's lock, and acquires it again after
 * an outage of the database.
 *
 * <p>A cluster is formed at once if no session holds the lock and no process is recorded as a
 * member. A process that left has no record, nor has one that this or another starting node has
 * replaced. A recorded process without a lock may be alive and about to reconnect, so it gets
 * {@code formation-timeout} to do that. If the lock is still held after that time, the node refuses
 * to start.
 */
public final class Membership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  /** Pause between two attempts to form a cluster, and between two attempts to reconnect. */
  private static final Duration RETRY = Duration.ofMillis(500);

  /** Timeout of the last statement of a session. */
  private static final Duration LEAVE_TIMEOUT = Duration.ofSeconds(2);

  private final Optional<SharedDatabase> database;
  private final CompletableFuture<String> lost = new CompletableFuture<>();
  private final CompletableFuture<String> refused = new CompletableFuture<>();
  private volatile boolean waiting;

  // Only the executor's thread accesses the following fields.
  private OptionalLong attemptsBegan = OptionalLong.empty();
  private OptionalLong freeSince = OptionalLong.empty();
  private OptionalLong outageSince = OptionalLong.empty();
  private @Nullable MemberSession session;
  private @Nullable String cluster;

  /** The state for a database that several processes can use. */
  private record SharedDatabase(
      StorageSettings storage,
      MembershipSettings settings,
      Member me,
      MemberFile file,
      ScheduledExecutorService executor) {}

  private Membership(Optional<SharedDatabase> database) {
    this.database = database;
  }

  /**
   * Returns the membership for a database that admits one process: there is never another cluster.
   */
  public static Membership ofOnlyProcess() {
    return new Membership(Optional.empty());
  }

  /**
   * Connects to the database, and removes the record of the process that this one replaces.
   *
   * @throws StorageException if the database cannot be reached
   */
  public static Membership open(StorageSettings storage, MembershipSettings settings) {
    if (storage.isOwnedByOneNode()) return ofOnlyProcess();
    var me = new Member(UUID.randomUUID().toString(), description());
    var session = MemberSession.open(storage, settings.limits());
    var file = MemberFile.lock(settings.file());
    try {
      file.predecessor().ifPresent(session::forget);
    } catch (StorageException why) {
      session.close();
      file.close();
      throw why;
    }
    // Only after the record is removed: a crash in between must not hide the predecessor.
    file.write(me.node());
    var executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("membership").factory());
    var membership =
        new Membership(Optional.of(new SharedDatabase(storage, settings, me, file, executor)));
    membership.session = session;
    return membership;
  }

  private static String description() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException unnamed) {
      host = "a host without a name";
    }
    return "process " + ProcessHandle.current().pid() + " on " + host;
  }

  /** Returns the reason why this node must not form a cluster; empty while none is known. */
  Optional<String> refusal() {
    return Optional.ofNullable(refused.getNow(null));
  }

  /** Returns whether this node waits for other users of the database. */
  boolean isWaiting() {
    return waiting;
  }

  /** Completes, with the reason, when the database's row names another cluster. */
  CompletionStage<String> lost() {
    return lost.minimalCompletionStage();
  }

  /** Completes when this node may form a cluster; never completes after a refusal. */
  CompletionStage<Void> form() {
    return tryForm()
        .thenCompose(
            formed -> {
              if (formed) return CompletableFuture.completedFuture(null);
              var later =
                  CompletableFuture.delayedExecutor(RETRY.toMillis(), TimeUnit.MILLISECONDS);
              return CompletableFuture.runAsync(() -> {}, later).thenCompose(_ -> form());
            });
  }

  /**
   * Returns whether this node may form a cluster now. If so, the database's row names that cluster.
   */
  CompletionStage<Boolean> tryForm() {
    if (database.isEmpty()) return CompletableFuture.completedFuture(true);
    var here = database.get();
    return CompletableFuture.supplyAsync(() -> attempt(here, () -> formNow(here)), here.executor());
  }

  /** Returns whether this node may join the existing cluster. If so, it holds the lock. */
  CompletionStage<Boolean> tryJoin() {
    if (database.isEmpty()) return CompletableFuture.completedFuture(true);
    var here = database.get();
    return CompletableFuture.supplyAsync(() -> attempt(here, () -> joinNow(here)), here.executor());
  }

  private interface Attempt {
    boolean succeeds();
  }

  private boolean attempt(SharedDatabase here, Attempt attempt) {
    if (cluster != null) return true;
    try {
      return attempt.succeeds();
    } catch (StorageException why) {
      disconnect(why);
      // A lock that was free before the outage proves nothing.
      freeSince = OptionalLong.empty();
      return false;
    } finally {
      if (cluster != null) {
        waiting = false;
        keepAfter(here, here.settings().check());
      }
    }
  }

  private boolean formNow(SharedDatabase here) {
    if (refused.isDone()) return false;
    long now = System.nanoTime();
    long wait = here.settings().formationWait().toNanos();
    if (attemptsBegan.isEmpty()) attemptsBegan = OptionalLong.of(now);
    boolean free = freeSince.isPresent() && now - freeSince.getAsLong() >= wait;
    var formed = UUID.randomUUID().toString();
    switch (session(here).form(formed, here.me(), free)) {
      case Formation.Formed() -> {
        cluster = formed;
        LOG.info("formed the cluster {} on this database", formed);
        return true;
      }
      case Formation.Unproven(var members) -> {
        if (freeSince.isEmpty()) {
          freeSince = OptionalLong.of(now);
          LOG.info(
              "forms a cluster in {} s, unless one of these members of the last one returns: {}",
              here.settings().formationWait().toSeconds(),
              members);
        }
      }
      case Formation.Used(var by, var members) -> {
        freeSince = OptionalLong.empty();
        if (now - attemptsBegan.getAsLong() >= wait) {
          reject(by, members);
          return false;
        }
        if (!waiting) {
          LOG.info(
              "does not form a cluster yet: the database is in use by {}; refuses in {} s",
              members,
              here.settings().formationWait().toSeconds());
        }
      }
    }
    waiting = true;
    return false;
  }

  private void reject(Optional<MemberSession.Identity> by, List<String> members) {
    waiting = false;
    refused.complete(
        "cannot form a cluster on this database: it belongs to cluster "
            + by.map(one -> one.cluster() + ", formed by " + one.formedBy()).orElse("(unnamed)")
            + ", members "
            + members
            + "; to join it, set the same CHOWDER_CLUSTER_CONTACT_POINTS (or"
            + " CHOWDER_CLUSTER_DNS_NAME) for all nodes; to replace it, stop its members first; to"
            + " run beside it, set another database in CHOWDER_STORAGE_URL");
  }

  private boolean joinNow(SharedDatabase here) {
    return switch (session(here).join(here.me())) {
      case Hold.Held(var joined) -> {
        cluster = joined;
        yield true;
      }
      // Another node is forming a cluster, or the cluster that was found has not finished
      // forming.
      case Hold.Busy(), Hold.Unnamed(), Hold.Other _ -> false;
    };
  }

  private void keepAfter(SharedDatabase here, Duration pause) {
    var _ = here.executor().schedule(() -> keep(here), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Renews the lock or the session. While the database is unavailable the node keeps running:
   * neither it nor another node can write to it.
   */
  private void keep(SharedDatabase here) {
    var ours = cluster;
    if (ours == null || lost.isDone()) return;
    var pause = RETRY;
    try {
      switch (session(here).hold(ours, here.me())) {
        case Hold.Held _ -> {
          pause = here.settings().check();
          if (outageSince.isPresent()) {
            LOG.info(
                "holds the cluster's lock again, after {} ms",
                (System.nanoTime() - outageSince.getAsLong()) / 1_000_000);
            outageSince = OptionalLong.empty();
          }
        }
        case Hold.Other(var other) ->
            lost.complete(
                "the database belongs to cluster "
                    + other.cluster()
                    + " now, formed by "
                    + other.formedBy());
        case Hold.Busy(), Hold.Unnamed() -> {}
      }
    } catch (StorageException why) {
      disconnect(why);
    } catch (RuntimeException | Error bug) {
      LOG.error("check of the cluster's lock failed", bug);
    }
    keepAfter(here, pause);
  }

  private MemberSession session(SharedDatabase here) {
    if (session == null) {
      session = MemberSession.open(here.storage(), here.settings().limits());
    }
    return session;
  }

  private void disconnect(StorageException why) {
    if (session != null) session.close();
    session = null;
    if (outageSince.isPresent()) return;
    outageSince = OptionalLong.of(System.nanoTime());
    LOG.warn("lost the session that holds the cluster's lock: {}; reconnects", why.getMessage());
  }

  /** Leaves the cluster, so that a node that starts later need not wait for this process. */
  @Override
  public void close() {
    if (database.isEmpty()) return;
    var here = database.get();
    if (here.executor().isShutdown()) return;
    try {
      CompletableFuture.runAsync(() -> leave(here), here.executor())
          .get(LEAVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      LOG.info("left without removing the member's record: {}", why.toString());
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    } finally {
      here.executor().shutdownNow();
      here.file().close();
    }
  }

  private void leave(SharedDatabase here) {
    cluster = null;
    try (var last = session) {
      if (last != null) last.leave(here.me());
    } finally {
      session = null;
    }
  }
}

package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.call.EventBytes;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import java.time.Duration;
import java.util.HashSet;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Changes the configuration of an instance. Computes a value from the current one, writes it under
 * a new version and sends the version to the instance. The instance rejects a value whose base is
 * no longer current. Then the value is computed again. Blocks.
 */
public final class ConfigChanges {
  private final InstanceClient client;
  private final SecretStore secrets;
  private final int tries;
  private final Duration timeout;
  private final EventBytes eventBytes;
  private final InstanceLocks locks = new InstanceLocks();

  /**
   * Creates the changes of a node.
   *
   * @param tries maximum number of times that a change is computed
   * @param timeout timeout of the wait for other changes of the same instance on this node
   * @param eventBytes counts the event of each change, which names a value and does not have it
   */
  public ConfigChanges(
      InstanceClient client,
      SecretStore secrets,
      int tries,
      Duration timeout,
      EventBytes eventBytes) {
    this.client = client;
    this.secrets = secrets;
    this.tries = tries;
    this.timeout = timeout;
    this.eventBytes = eventBytes;
  }

  /** Returns the count of the bytes of events, for changes that need no value. */
  public EventBytes eventBytes() {
    return eventBytes;
  }

  /** One change. */
  @FunctionalInterface
  public interface Change {
    /**
     * Computes the value, writes it, and returns the command that names it. Other changes of the
     * instance wait for this method, so it may wait only for the database.
     *
     * @param base the instance with its current values
     * @param version names the new value
     */
    Function<ActorRef<InstanceReply>, InstanceCommand> write(InstanceView base, String version);
  }

  /** Returns the instance after it accepted the change. */
  public InstanceView apply(Caller caller, InstanceId id, Change change) {
    eventBytes.charge(caller.organizationId(), 0);
    // The lock only saves futile attempts. Correctness does not depend on it.
    try (var _ = lock(id)) {
      return applyLocked(caller, id, change);
    }
  }

  private InstanceLocks.Held lock(InstanceId id) {
    try {
      return locks
          .tryLock(id, timeout)
          .orElseThrow(
              () ->
                  ApiError.of(
                      Reason.SERVER_UNAVAILABLE,
                      cannot(
                          "change the configuration",
                          "other changes of this instance took more than %d s"
                              .formatted(timeout.toSeconds()),
                          "repeat the call")));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    }
  }

  private InstanceView applyLocked(Caller caller, InstanceId id, Change change) {
    var before = client.get(caller, id);
    for (int n = 0; n < tries; n++) {
      var version = Ids.next();
      try {
        var command = change.write(before, version);
        switch (ActorReplies.await(client.instances().ask(id, command), "the instance")) {
          case InstanceReply.Accepted(var after) -> {
            deleteUnreferenced(before, after);
            return after;
          }
          case InstanceReply.Refused(var why) -> {
            // The rejection is final: the base of a change never becomes current again.
            secrets.delete(id.value(), SecretNames.CONFIG_VALUES + version);
            if (!(why instanceof InstanceRejection.Superseded)) throw RejectionErrors.of(why);
          }
          case InstanceReply.Done() -> throw ApiError.instanceNotFound();
        }
      } catch (WorkFailure missing) {
        // Many changes came first, and the base of this one is deleted.
        if (client.get(caller, id).profile().config().equals(before.profile().config())) {
          throw missing;
        }
      }
      var now = client.get(caller, id);
      if (!now.profile().config().remembersAllSince(before.profile().config())) throw busy();
      before = now;
    }
    throw busy();
  }

  /** Deletes values that the instance no longer remembers: nothing needs them. */
  private void deleteUnreferenced(InstanceView before, InstanceView after) {
    var unreferenced = new HashSet<>(before.profile().config().referenced());
    unreferenced.removeAll(after.profile().config().referenced());
    for (var version : unreferenced) {
      if (version.equals(SecretNames.UNVERSIONED)) continue;
      secrets.delete(before.id().value(), SecretNames.CONFIG_VALUES + version);
    }
  }

  private static ApiError busy() {
    return ApiError.of(
        Reason.SERVER_UNAVAILABLE,
        cannot(
            "change the configuration",
            "too many other changes of this instance came first",
            "read it and repeat the call"));
  }
}

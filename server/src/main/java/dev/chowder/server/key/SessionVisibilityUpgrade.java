package dev.chowder.server.key;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.RepeatingThread;
import dev.chowder.instance.InstanceId;
import dev.chowder.key.ScopedKey;
import dev.chowder.key.ScopedKeys;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.SessionVisibility;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits the session tools of the agents of active keys with a session prefix, for keys that were
 * created before {@link KeyGrpcService} did so. Every node makes passes over all such keys after
 * its start, until one is complete. A pass changes nothing where the visibility is set.
 */
public final class SessionVisibilityUpgrade implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SessionVisibilityUpgrade.class);
  private static final int PAGE = 100;

  /** Empty, since the system acts. */
  private static final String NO_KEY = "";

  private final ScopedKeys keys;
  private final SessionVisibility sessions;
  private final RepeatingThread timer = new RepeatingThread("session-visibility-upgrade");

  /**
   * Starts the passes.
   *
   * @param every time between two passes, and before the first one
   */
  public SessionVisibilityUpgrade(ScopedKeys keys, SessionVisibility sessions, Duration every) {
    this.keys = keys;
    this.sessions = sessions;
    timer.every(every, this::pass);
  }

  private void pass() {
    boolean complete = true;
    var after = Optional.<String>empty();
    try {
      while (true) {
        var page = keys.active(PAGE, after);
        for (var key : page) complete &= limit(key);
        if (page.size() < PAGE) break;
        after = Optional.of(page.getLast().id());
      }
    } catch (RuntimeException why) {
      LOG.warn("cannot list the active keys; the next pass lists them again: {}", why.toString());
      return;
    }
    // The interrupt of this thread does no harm, since its work is done.
    if (complete) timer.close();
  }

  private boolean limit(ScopedKey key) {
    if (key.scope().sessionPrefix().isEmpty()) return true;
    var caller = new Caller(key.organizationId(), NO_KEY);
    boolean complete = true;
    for (var id : key.scope().instanceIds()) {
      complete &= limit(caller, new InstanceId(id));
    }
    return complete;
  }

  /** A failing instance must not delay the others. */
  private boolean limit(Caller caller, InstanceId id) {
    try {
      sessions.limit(caller, id);
      return true;
    } catch (RuntimeException why) {
      var reason = why instanceof ApiError error ? error.reason() : Reason.INTERNAL;
      // It was deleted since.
      if (reason == Reason.INSTANCE_NOT_FOUND) return true;
      LOG.warn(
          "instance={} event=session_visibility_not_limited cause={}", id.value(), why.toString());
      // Its image does not know the setting: another attempt would fail as well.
      return reason == Reason.INVALID_FIELD;
    }
  }

  @Override
  public void close() {
    timer.close();
  }
}

package dev.chowder.server.idempotency;

import dev.chowder.actor.Ids;
import io.grpc.Context;
import org.jspecify.annotations.Nullable;

/**
 * The id of what the current call makes. With an idempotency key it was written down before, so
 * that a repetition of the call knows what the first one made; without one it is new.
 */
public final class NewId {
  private static final Context.Key<Holder> CURRENT = Context.key("new-id");

  private final @Nullable Claim claim;
  private String value;
  private boolean mayBeTaken;

  private NewId(@Nullable Claim claim, String value, boolean mayBeTaken) {
    this.claim = claim;
    this.value = value;
    this.mayBeTaken = mayBeTaken;
  }

  /** The current call's. */
  public static NewId current() {
    var holder = CURRENT.get();
    var claim = holder == null ? null : holder.claim;
    return claim == null
        ? new NewId(null, Ids.next(), false)
        : new NewId(claim, claim.resourceId(), claim.isTakenOver());
  }

  public String value() {
    return value;
  }

  /**
   * Whether a former call with this key, which never came to its answer, may have used the id. Who
   * gets true finds out, and makes sure that it will not be used any more, before it asks for
   * {@link #another}.
   */
  public boolean mayBeTaken() {
    return mayBeTaken;
  }

  /**
   * Another id, written down before this returns.
   *
   * @throws dev.chowder.server.error.ApiError IN_PROGRESS when another call with the key took over
   */
  public NewId another() {
    if (claim == null) throw new IllegalStateException("id: new (expected: one that may be taken)");
    value = claim.renewResource();
    mayBeTaken = false;
    return this;
  }

  /** Carries the claim, which is known only when the request is there, into the call's context. */
  static final class Holder {
    private volatile @Nullable Claim claim;

    void hold(Claim held) {
      claim = held;
    }

    Context in(Context context) {
      return context.withValue(CURRENT, this);
    }
  }
}

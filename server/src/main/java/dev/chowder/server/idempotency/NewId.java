package dev.chowder.server.idempotency;

import dev.chowder.base.Ids;
import dev.chowder.creation.CreateId;
import io.grpc.Context;
import org.jspecify.annotations.Nullable;

/**
 * The id of the resource that the current call creates. With an idempotency key, the id is stored
 * before the call, so that a repeated call finds the resource of the first one. Without a key, the
 * id is new.
 */
public final class NewId implements CreateId {
  private static final Context.Key<Holder> CURRENT = Context.key("new-id");

  private final @Nullable Claim claim;
  private String value;
  private boolean mayBeTaken;

  private NewId(@Nullable Claim claim, String value, boolean mayBeTaken) {
    this.claim = claim;
    this.value = value;
    this.mayBeTaken = mayBeTaken;
  }

  /** Returns the id of the current call. */
  public static NewId current() {
    var holder = CURRENT.get();
    var claim = holder == null ? null : holder.claim;
    return claim == null
        ? new NewId(null, Ids.next(), false)
        : new NewId(claim, claim.resourceId(), claim.isTakenOver());
  }

  @Override
  public String value() {
    return value;
  }

  @Override
  public boolean mayBeTaken() {
    return mayBeTaken;
  }

  /**
   * {@inheritDoc}
   *
   * @throws dev.chowder.server.error.ApiError {@code IN_PROGRESS} if another call with the key took
   *     over
   */
  @Override
  public void another() {
    value = Ids.next();
    if (claim != null) claim.setResource(value);
    mayBeTaken = false;
  }

  /**
   * {@inheritDoc}
   *
   * @throws dev.chowder.server.error.ApiError {@code IN_PROGRESS} if another call with the key took
   *     over
   */
  @Override
  public void take(String id) {
    if (claim != null) claim.setResource(id);
    value = id;
  }

  @Override
  public String requestId() {
    return claim == null ? Ids.next() : claim.requestId();
  }

  /** Passes the claim, which exists once the request is complete, to the context of the call. */
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

package dev.chowder.server.organization;

import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Decides whether an organization may be created now. Sign-up must be open, unless an operator
 * creates it; and sandboxes of different organizations must be isolated.
 */
public final class SignUpPolicy {
  private final boolean open;
  private final boolean withoutIsolation;
  private final Supplier<Optional<String>> isolationFailure;
  private final BooleanSupplier anyOrganization;

  /**
   * Creates a policy.
   *
   * @param open whether the operator opened sign-up
   * @param withoutIsolation whether the operator allows several organizations on a host that does
   *     not isolate sandboxes
   * @param isolationFailure why the host does not; empty if it does
   * @param anyOrganization whether there is an organization that is not deleted; may block
   */
  public SignUpPolicy(
      boolean open,
      boolean withoutIsolation,
      Supplier<Optional<String>> isolationFailure,
      BooleanSupplier anyOrganization) {
    this.open = open;
    this.withoutIsolation = withoutIsolation;
    this.isolationFailure = isolationFailure;
    this.anyOrganization = anyOrganization;
  }

  /** Throws {@code SIGN_UP_CLOSED} unless callers may create organizations. */
  void checkCaller() {
    if (!open) {
      throw ApiError.of(
          Reason.SIGN_UP_CLOSED,
          "cannot sign up: sign-up is closed; the operator opens it (CHOWDER_SIGN_UP_OPEN)");
    }
  }

  /** Throws {@code SIGN_UP_CLOSED} if sandboxes are not isolated and an organization exists. */
  void checkIsolation() {
    // The cause is in the log, for the operator only.
    if (isolationFailure.get().isPresent() && !withoutIsolation && anyOrganization.getAsBoolean()) {
      throw ApiError.of(
          Reason.SIGN_UP_CLOSED,
          "cannot sign up: this host does not isolate sandboxes, so it takes one organization;"
              + " the operator allows more (CHOWDER_UNISOLATED_ORGANIZATIONS)");
    }
  }
}

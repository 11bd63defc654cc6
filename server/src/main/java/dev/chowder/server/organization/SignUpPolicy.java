package dev.chowder.server.organization;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Decides whether an organization may be created. Sign-up must be open, unless an operator creates
 * the organization. A second organization requires that the host isolates sandboxes.
 *
 * @param open whether the operator opened sign-up
 * @param withoutIsolation whether the operator allows several organizations on a host that does not
 *     isolate sandboxes
 * @param isolationFailure why the host does not isolate sandboxes; empty if it does
 * @param anyOrganization whether there is an organization that is not deleted; may block
 */
public record SignUpPolicy(
    boolean open,
    boolean withoutIsolation,
    Supplier<Optional<String>> isolationFailure,
    BooleanSupplier anyOrganization) {
  /** Throws {@code SIGN_UP_CLOSED} unless callers may create organizations. */
  void checkCaller() {
    if (!open) {
      throw ApiError.of(
          Reason.SIGN_UP_CLOSED,
          cannot(
              "sign up",
              "sign-up is closed",
              "ask the operator to open it (CHOWDER_SIGN_UP_OPEN)"));
    }
  }

  /** Throws {@code SIGN_UP_CLOSED} if sandboxes are not isolated and an organization exists. */
  void checkIsolation() {
    // Only the log has the cause, because it is for the operator.
    if (isolationFailure.get().isPresent() && !withoutIsolation && anyOrganization.getAsBoolean()) {
      throw ApiError.of(
          Reason.SIGN_UP_CLOSED,
          cannot(
              "sign up",
              "this host does not isolate sandboxes, so it accepts only one organization",
              "ask the operator to allow more (CHOWDER_UNISOLATED_ORGANIZATIONS)"));
    }
  }
}

package dev.chowder.server.error;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;
import static java.util.stream.Collectors.joining;

import dev.chowder.actor.NoReplyException;
import dev.chowder.admission.Rejection;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceView;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationRejection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Maps each rejection of the lower modules to its error of the API. No other class does. */
public final class RejectionErrors {
  private static final int HOST_RETRY_AFTER_SECONDS = 30;
  private static final int WORK_RETRY_AFTER_SECONDS = 10;

  private RejectionErrors() {}

  /**
   * Returns the error of an instance that is not created, recovered or started; null for a
   * rejection that no call expects, which is a bug.
   */
  static @Nullable ApiError find(Rejection why) {
    return switch (why) {
      case Rejection.ByOrganization(OrganizationRejection.AnotherCustomer _) -> null;
      case Rejection.ByInstance(InstanceRejection.AlreadyExists _) -> null;
      case Rejection.ByInstance(InstanceRejection.Superseded _) -> null;
      default -> of(why);
    };
  }

  /** Returns the error of an instance that is not created, recovered or started. */
  public static ApiError of(Rejection why) {
    return switch (why) {
      case Rejection.ByOrganization(var rejection) -> of(rejection);
      case Rejection.ByInstance(var rejection) -> of(rejection);
      case Rejection.ProviderNotNamed(var usable) ->
          usable.isEmpty()
              ? ApiError.of(
                  Reason.MODEL_PROVIDER_NOT_CONFIGURED,
                  cannot(
                      "create the instance",
                      "the organization has no model provider",
                      "set one with PATCH /v1/organization"))
              : ApiError.must(
                  "model_provider",
                  "be one of "
                      + usable.stream().map(ModelProvider::label).collect(joining(", "))
                      + ", because the organization has several",
                  "none");
      case Rejection.NoMemory(var free, var needed) ->
          ApiError.noCapacity(
              cannot(
                  "start the instance",
                  "the host has "
                      + mebibytes(free)
                      + " MiB of free memory, and besides starting instances this one needs "
                      + mebibytes(needed)
                      + " MiB",
                  "retry later"),
              HOST_RETRY_AFTER_SECONDS);
      case Rejection.NoDisk(var free, var needed) ->
          ApiError.noCapacity(
              cannot(
                  "create the instance",
                  "a disk of the host has "
                      + mebibytes(free)
                      + " MiB of free space, and "
                      + mebibytes(needed)
                      + " MiB must be free",
                  "delete files or instances, or retry later"),
              HOST_RETRY_AFTER_SECONDS);
      case Rejection.NoEngine() ->
          ApiError.noCapacity(
              cannot("start the instance", "the sandbox engine does not answer", "retry later"),
              HOST_RETRY_AFTER_SECONDS);
      case Rejection.TooMuchWork(var waiting, var limit) ->
          ApiError.noCapacity(
              cannot(
                  "start the instance",
                  waiting + " effects wait on this node, and its limit is " + limit,
                  "retry later"),
              WORK_RETRY_AFTER_SECONDS);
      // Only a call with an idempotency key has an id that another call can take.
      case Rejection.Overtaken() -> ApiError.inProgress();
    };
  }

  /** Returns the error of a command that an organization rejected. */
  public static ApiError of(OrganizationRejection why) {
    return switch (why) {
      case OrganizationRejection.NotFound() ->
          ApiError.of(Reason.ORGANIZATION_NOT_FOUND, "Organization not found.");
      case OrganizationRejection.AlreadyExists() ->
          throw new IllegalStateException("duplicate organization id");
      case OrganizationRejection.Invalid(var field, var text) -> ApiError.invalid(field, text);
      case OrganizationRejection.ProviderNotConfigured(var provider) ->
          ApiError.of(
              Reason.MODEL_PROVIDER_NOT_CONFIGURED,
              must(
                  "model_provider",
                  "be a provider with a key, or with an endpoint for custom; set it with PATCH"
                      + " /v1/organization",
                  provider.label()));
      case OrganizationRejection.LimitReached(var used, var limit) ->
          ApiError.of(
              Reason.INSTANCE_LIMIT_REACHED,
              "Instance limit reached (" + used + "/" + limit + "). Upgrade your subscription.");
      case OrganizationRejection.UpgradeUnderWay() -> ApiError.upgradeUnderWay();
      case OrganizationRejection.Suspended() -> ApiError.organizationSuspended();
      case OrganizationRejection.AnotherCustomer() ->
          throw new IllegalStateException("unexpected rejection: another customer");
    };
  }

  /** Returns the error of a command that an instance rejected. */
  public static ApiError of(InstanceRejection why) {
    return switch (why) {
      case InstanceRejection.NotFound() -> ApiError.instanceNotFound();
      case InstanceRejection.AlreadyExists() ->
          // Only a create with an idempotency key can repeat an id, and it handles this rejection.
          throw new IllegalStateException("duplicate instance id");
      case InstanceRejection.SlotReturned() ->
          ApiError.wrongState(
              cannot(
                  "recover the instance",
                  "another call recovers it at the same time",
                  "read its status"),
              Map.of());
      case InstanceRejection.Superseded() ->
          throw new IllegalStateException("unexpected rejection: superseded configuration");
      case InstanceRejection.WrongState(var status, var desired, var expected) ->
          ApiError.wrongState(
              status.equals(desired)
                  ? must("status", "be " + expected, status)
                  : must(
                      "status",
                      "be " + expected + " with nothing in progress",
                      status + " with desired_status " + desired),
              Map.of("status", status, "desired_status", desired));
      case InstanceRejection.UpgradeUnderWay() -> ApiError.upgradeUnderWay();
      case InstanceRejection.TooManyLabels(var count, var limit) ->
          ApiError.must("labels", "leave the instance at most " + limit + " labels", count);
      case InstanceRejection.TooManyWatchers(var limit) ->
          ApiError.of(
              Reason.RATE_LIMITED,
              cannot(
                  "open the watch",
                  "the instance has " + limit + " open watches, its limit",
                  "close one first"));
    };
  }

  /** Returns the error of a call that only a running instance can serve. */
  public static ApiError notRunning(InstanceView view) {
    return of(
        new InstanceRejection.WrongState(
            view.status().now().label(), view.status().desired().label(), "running"));
  }

  /** Returns the error of a call that an actor did not reply to. */
  public static ApiError of(NoReplyException why) {
    return switch (why.why()) {
      // The thread of a call is interrupted when its caller disconnects.
      case INTERRUPTED -> ApiError.cancelled();
      case TIMED_OUT ->
          ApiError.of(
              Reason.NO_ANSWER_IN_TIME,
              cannot(
                  "finish the call",
                  why.actor() + " did not reply in time",
                  "the change may still happen, so read the state before you retry"));
    };
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}

package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** The reason why an instance rejected a command. The gRPC layer maps each to one status code. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
  @JsonSubTypes.Type(value = InstanceRejection.NotFound.class, name = "not_found"),
  @JsonSubTypes.Type(value = InstanceRejection.AlreadyExists.class, name = "already_exists"),
  @JsonSubTypes.Type(value = InstanceRejection.WrongState.class, name = "wrong_state"),
  @JsonSubTypes.Type(value = InstanceRejection.SlotReturned.class, name = "slot_returned"),
  @JsonSubTypes.Type(value = InstanceRejection.Superseded.class, name = "superseded"),
  @JsonSubTypes.Type(value = InstanceRejection.UpgradeUnderWay.class, name = "upgrade_under_way"),
  @JsonSubTypes.Type(value = InstanceRejection.TooManyWatchers.class, name = "too_many_watchers"),
  @JsonSubTypes.Type(value = InstanceRejection.TooManyLabels.class, name = "too_many_labels")
})
public sealed interface InstanceRejection {
  record TooManyWatchers(int limit) implements InstanceRejection {}

  /** The instance would have {@code count} labels after the change. */
  record TooManyLabels(int count, int limit) implements InstanceRejection {}

  /**
   * The reserved slot was released meanwhile, or is being released. The caller must reserve
   * another.
   */
  record SlotReturned() implements InstanceRejection {}

  /** The base of the change is no longer current. The caller must compute the change again. */
  record Superseded() implements InstanceRejection {}

  /** A member of the cluster runs an older version, which could not read the event. */
  record UpgradeUnderWay() implements InstanceRejection {}

  record NotFound() implements InstanceRejection {}

  record AlreadyExists() implements InstanceRejection {}

  /**
   * The command is not allowed in this state. {@code status} and {@code desired} are the current
   * values in the API's form. {@code expected} is the status that the command requires.
   */
  record WrongState(String status, String desired, String expected) implements InstanceRejection {}
}

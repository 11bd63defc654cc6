package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Why an instance refused. The gRPC edge maps each variant to one status code. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
  @JsonSubTypes.Type(value = InstanceRejection.NotFound.class, name = "not_found"),
  @JsonSubTypes.Type(value = InstanceRejection.AlreadyExists.class, name = "already_exists"),
  @JsonSubTypes.Type(value = InstanceRejection.WrongState.class, name = "wrong_state"),
  @JsonSubTypes.Type(value = InstanceRejection.SlotReturned.class, name = "slot_returned"),
  @JsonSubTypes.Type(value = InstanceRejection.Superseded.class, name = "superseded"),
  @JsonSubTypes.Type(value = InstanceRejection.UpgradeUnderWay.class, name = "upgrade_under_way"),
  @JsonSubTypes.Type(value = InstanceRejection.TooManyWatchers.class, name = "too_many_watchers")
})
public sealed interface InstanceRejection {
  record TooManyWatchers(int limit) implements InstanceRejection {}

  /** The slot that was taken for it was given back meanwhile, or is being: another is needed. */
  record SlotReturned() implements InstanceRejection {}

  /** The base of the change is no longer current: compute the change again. */
  record Superseded() implements InstanceRejection {}

  /** A node of an older version is still a member, and could not read the event. */
  record UpgradeUnderWay() implements InstanceRejection {}

  record NotFound() implements InstanceRejection {}

  record AlreadyExists() implements InstanceRejection {}

  /**
   * {@code status} and {@code desired} as the API writes them; {@code expected} is what the verb
   * needs.
   */
  record WrongState(String status, String desired, String expected) implements InstanceRejection {}
}

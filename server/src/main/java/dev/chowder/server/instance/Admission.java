package dev.chowder.server.instance;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import java.util.Optional;

/** Whether there is room for one more instance: among its organization's slots, and on the host. */
public interface Admission {
  /**
   * Takes a slot and room for an instance that is about to be created, and says which model it will
   * use.
   *
   * @param model the caller's wish; empty: the endpoint's, else the provider's default
   * @throws dev.chowder.server.error.ApiError MODEL_PROVIDER_NOT_CONFIGURED,
   *     INSTANCE_LIMIT_REACHED, NO_CAPACITY; nothing is taken then
   */
  ModelChoice admit(String organizationId, InstanceId id, String provider, Optional<String> model);

  /** Gives back the slot of an instance that can never be born; not taken: no-op. */
  void release(String organizationId, InstanceId id);

  /**
   * Takes a slot again, and room, for an instance that failed, and says which model it will use if
   * it is provisioned again: its own, at the endpoint that the organization has set now.
   *
   * @throws dev.chowder.server.error.ApiError as {@link #admit}; nothing is taken then
   */
  ModelChoice admitAgain(InstanceView failed);

  /** Has a slot given back that was taken for this instance, unless it uses it. */
  void releaseUnused(String organizationId, InstanceId id);

  /**
   * Takes room for an instance that is about to be started; its slot it has.
   *
   * @throws dev.chowder.server.error.ApiError NO_CAPACITY
   */
  void admitStart();
}

package dev.chowder.server.instance;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import java.util.Optional;

/** Admits instances: reserves slots of organizations and memory of the host. */
public interface Admission {
  /**
   * Reserves a slot and memory for an instance before it is created.
   *
   * @param model the model that the caller requests; if empty, that of the endpoint, otherwise the
   *     default of the provider
   * @return the model that the instance will use
   * @throws dev.chowder.server.error.ApiError {@code MODEL_PROVIDER_NOT_CONFIGURED}, {@code
   *     INSTANCE_LIMIT_REACHED} or {@code NO_CAPACITY}; then nothing is reserved
   */
  ModelChoice admit(String organizationId, InstanceId id, String provider, Optional<String> model);

  /**
   * Returns the setup that a pool member must have for a create; empty if the organization could
   * not create it. Reserves nothing.
   *
   * @param model as for {@link #admit}
   */
  Optional<PoolSetup> memberSetup(String organizationId, String provider, Optional<String> model);

  /**
   * Reserves a slot for a pool member that a create is about to claim. Its memory is in use
   * already.
   *
   * @param model as for {@link #admit}
   * @return the setup that the member must have
   * @throws dev.chowder.server.error.ApiError {@code MODEL_PROVIDER_NOT_CONFIGURED} or {@code
   *     INSTANCE_LIMIT_REACHED}; then nothing is reserved
   */
  PoolSetup admitMember(
      String organizationId, InstanceId member, String provider, Optional<String> model);

  /** Releases the slot of an instance that can never be created. No effect if it has none. */
  void release(String organizationId, InstanceId id);

  /**
   * Reserves a slot and memory again for an instance that failed.
   *
   * @return the model if the instance is provisioned again: its own, at the organization's current
   *     endpoint
   * @throws dev.chowder.server.error.ApiError as {@link #admit}; then nothing is reserved
   */
  ModelChoice admitAgain(InstanceView failed);

  /** Releases the slot that was reserved for this instance, unless the instance uses it. */
  void releaseUnused(String organizationId, InstanceId id);

  /**
   * Reserves memory for an instance before it is started. It has a slot already. A frozen gateway
   * needs no further memory.
   *
   * @throws dev.chowder.server.error.ApiError {@code NO_CAPACITY}
   */
  void admitStart(InstanceView stopped);
}

package dev.chowder.server.instance;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import java.util.Optional;

/** Whether there is room for one more instance: on the host, and among its organization's slots. */
public interface Admission {
  /** Throws NO_CAPACITY when the host has no memory for one more gateway. */
  void checkHost();

  /**
   * Takes a slot for an instance that is about to be created, and says which model it will use.
   *
   * @param model the caller's wish; empty: the endpoint's, else the provider's default
   * @throws dev.chowder.server.error.ApiError MODEL_PROVIDER_NOT_CONFIGURED, INSTANCE_LIMIT_REACHED
   */
  ModelChoice takeSlot(
      String organizationId, InstanceId id, String provider, Optional<String> model);
}

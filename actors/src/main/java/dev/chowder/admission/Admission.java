package dev.chowder.admission;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import dev.chowder.instance.Sleep;
import dev.chowder.organization.ModelProvider;
import dev.chowder.reconcile.HostDisk;
import java.util.Optional;

/**
 * Admits instances: reserves slots of organizations and memory of the host, and checks its disks,
 * unless too much work waits on this node. Blocks.
 */
public record Admission(
    OrganizationSlots slots,
    MemberSetups setups,
    HostMemoryAdmission memory,
    HostDisk disk,
    WaitingWorkLimit work) {
  /**
   * Checks that the host's disks have space for another agent, whether its home volume exists yet
   * or not.
   *
   * @throws RejectedException if they do not
   */
  public void requireDiskSpace() {
    if (disk.isLow()) {
      throw new RejectedException(new Rejection.NoDisk(disk.freeBytes(), disk.minFreeBytes()));
    }
  }

  /**
   * Returns the label of the provider for a create that names none. It is that of the settings if
   * the organization has set it up, otherwise its only one.
   *
   * @throws RejectedException if it has no provider or several others
   */
  public String provider(String organizationId) {
    return setups.provider(organizationId).label();
  }

  /**
   * Reserves a slot and memory for an instance before it is created.
   *
   * @param model the model that the caller requests; if empty, that of the endpoint, otherwise the
   *     default of the provider
   * @return the model that the instance will use
   * @throws RejectedException then nothing is reserved
   */
  public ModelChoice admit(
      Requester requester, InstanceId id, String provider, Optional<String> model) {
    work.check();
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    var view = slots.reserve(requester, id, wanted);
    try {
      memory.admitted(id);
    } catch (RuntimeException full) {
      slots.release(requester.organizationId(), id);
      throw full;
    }
    return setups.choice(view, wanted, model);
  }

  /**
   * Returns the setup that a pool member must have for a create; empty if the organization could
   * not create it. Reserves nothing.
   *
   * @param model as for {@link #admit}
   */
  public Optional<PoolSetup> memberSetup(
      String organizationId, String provider, Optional<String> model, String sandboxImage) {
    return setups.of(
        organizationId, ModelProvider.ofLabel(provider).orElseThrow(), model, sandboxImage);
  }

  /**
   * Reserves a slot for a pool member that a create is about to claim. Its memory is in use
   * already.
   *
   * @param model as for {@link #admit}
   * @return the setup that the member must have
   * @throws RejectedException then nothing is reserved
   */
  public PoolSetup admitMember(
      Requester requester,
      InstanceId member,
      String provider,
      Optional<String> model,
      String sandboxImage) {
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    return setups.setup(slots.reserve(requester, member, wanted), wanted, model, sandboxImage);
  }

  /** Releases the slot of an instance that can never be created. No effect if it has none. */
  public void release(String organizationId, InstanceId id) {
    slots.release(organizationId, id);
  }

  /**
   * Reserves a slot and memory again for an instance that failed.
   *
   * @param keyId id of the acting API key; empty if an operator acts
   * @return the model if the instance is provisioned again: its own, at the organization's current
   *     endpoint
   * @throws RejectedException then nothing is reserved
   */
  public ModelChoice admitAgain(String keyId, InstanceView failed) {
    work.check();
    var requester = new Requester(failed.profile().organizationId(), keyId);
    var model = failed.profile().model();
    var provider = ModelProvider.ofLabel(model.provider()).orElseThrow();
    var view = slots.reserve(requester, failed.id(), provider);
    try {
      memory.admitted(failed.id());
    } catch (RuntimeException full) {
      // Not released here, because another recover of the same instance may use it already.
      slots.releaseUnused(requester.organizationId(), failed.id());
      throw full;
    }
    return setups.choice(view, provider, Optional.of(model.model()));
  }

  /** Releases the slot that was reserved for this instance, unless the instance uses it. */
  public void releaseUnused(String organizationId, InstanceId id) {
    slots.releaseUnused(organizationId, id);
  }

  /**
   * Reserves memory for an instance before it is started. It has a slot already. A frozen gateway
   * needs no further memory.
   *
   * @throws RejectedException then nothing is reserved
   */
  public void admitStart(InstanceView stopped) {
    work.check();
    memory.admittedStart(stopped.id(), stopped.sleep().orElse(Sleep.OFF));
  }

  /** Releases the memory that a start or a recover reserved and that the instance rejected. */
  public void withdraw(InstanceId id) {
    memory.withdrawn(id);
  }
}

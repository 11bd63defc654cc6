package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import dev.chowder.server.error.ApiError;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * Rejects new instances while too much work waits on this node. An instance that could not start
 * for minutes is rejected before a slot is reserved. Does not affect pending effects.
 */
public final class WaitingWorkLimit implements Admission {
  private static final int RETRY_AFTER_SECONDS = 10;

  private final Admission admission;
  private final IntSupplier waiting;
  private final int max;

  /**
   * Creates an admission that calls {@code admission} unless {@code waiting} has reached {@code
   * max}.
   */
  public WaitingWorkLimit(Admission admission, IntSupplier waiting, int max) {
    this.admission = admission;
    this.waiting = waiting;
    this.max = max;
  }

  @Override
  public ModelChoice admit(
      String organizationId, InstanceId id, String provider, Optional<String> model) {
    check();
    return admission.admit(organizationId, id, provider, model);
  }

  @Override
  public Optional<PoolSetup> memberSetup(
      String organizationId, String provider, Optional<String> model) {
    return admission.memberSetup(organizationId, provider, model);
  }

  @Override
  public PoolSetup admitMember(
      String organizationId, InstanceId member, String provider, Optional<String> model) {
    return admission.admitMember(organizationId, member, provider, model);
  }

  @Override
  public ModelChoice admitAgain(InstanceView failed) {
    check();
    return admission.admitAgain(failed);
  }

  @Override
  public void releaseUnused(String organizationId, InstanceId id) {
    admission.releaseUnused(organizationId, id);
  }

  @Override
  public void admitStart(InstanceView stopped) {
    check();
    admission.admitStart(stopped);
  }

  @Override
  public void release(String organizationId, InstanceId id) {
    admission.release(organizationId, id);
  }

  private void check() {
    int now = waiting.getAsInt();
    if (now >= max) {
      throw ApiError.noCapacity(
          cannot(
              "start the instance",
              now + " effects wait on this node, and its limit is " + max,
              "retry later"),
          RETRY_AFTER_SECONDS);
    }
  }
}

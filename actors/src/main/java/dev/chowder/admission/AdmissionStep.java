package dev.chowder.admission;

import dev.chowder.cluster.NodeContext;
import dev.chowder.effect.BootPermits;
import dev.chowder.effect.EffectSettings;
import dev.chowder.instance.InstanceSettings;
import dev.chowder.instance.Instances;
import dev.chowder.organization.OrganizationReadRows;
import dev.chowder.organization.OrganizationSettings;
import dev.chowder.organization.Organizations;
import dev.chowder.pool.PoolEviction;
import dev.chowder.pool.PoolMembers;
import dev.chowder.pool.PoolSettings;
import dev.chowder.reconcile.DiskReserve;
import dev.chowder.reconcile.HostDisk;
import dev.chowder.reconcile.HostDiskSettings;
import dev.chowder.reconcile.ReconcilerSettings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sleep.DeeperSleepSettings;
import dev.chowder.sleep.SleepEviction;
import dev.chowder.sleep.Sleepers;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.Database;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.OrganizationRows;
import java.nio.file.Path;
import org.apache.pekko.actor.typed.ActorSystem;

/**
 * Starts organizations and what admits instances: slots, memory of the host and evictions. These
 * send commands to instances, which the node hosts only after a later step.
 *
 * @param home the state directory, the same for all nodes of this host
 */
public record AdmissionStep(
    Settings settings,
    Path home,
    Database database,
    SandboxEngine engine,
    ActorSystem<?> system,
    NodeContext node)
    implements StartupStep<AdmissionStep.Parts> {

  /** Settings of this step. */
  public record Settings(
      OrganizationSettings organizations,
      InstanceSettings instances,
      EffectSettings effects,
      DeeperSleepSettings sleep,
      PoolSettings pool,
      ReconcilerSettings reconciler,
      HostMemorySettings memory,
      HostDiskSettings disk,
      ModelSettings models) {}

  /** Started parts. */
  public record Parts(
      Organizations organizations,
      OrganizationCalls organizationCalls,
      Instances instances,
      OrganizationSlots slots,
      MemberSetups setups,
      BootPermits boots,
      HostMemoryAdmission memory,
      HostDisk disk,
      Sleepers sleepers,
      PoolMembers poolMembers) {}

  @Override
  public Parts start(Startup startup) {
    var instanceRows = new InstanceRows(database);
    var organizationRows = new OrganizationRows(database);
    var organizations =
        Organizations.init(
            system,
            new OrganizationReadRows(organizationRows, node.blocking()),
            settings.organizations(),
            node.failpoints());
    var calls = new OrganizationCalls(organizations);
    var instances = Instances.of(system, settings.instances());
    var sleepers =
        new Sleepers(instances, instanceRows, settings.sleep(), node.clock(), node.metrics());
    var poolMembers = new PoolMembers(instances, instanceRows, node.clock());
    var boots = new BootPermits(settings.effects());
    return new Parts(
        organizations,
        calls,
        instances,
        new OrganizationSlots(
            calls,
            organizationRows,
            instances,
            settings.reconciler().maxConcurrent(),
            node.clock()),
        new MemberSetups(calls, settings.models()),
        boots,
        new HostMemoryAdmission(
            settings.memory(),
            home,
            engine,
            node.clock(),
            boots::booting,
            eviction(sleepers, poolMembers)),
        startup.add("disk guard", disk().start()),
        sleepers,
        poolMembers);
  }

  private HostDisk disk() {
    return new HostDisk(
        settings.disk(), engine::host, new DiskReserve(home, settings.disk().reserveBytes()));
  }

  private HostMemoryAdmission.Eviction eviction(Sleepers sleepers, PoolMembers poolMembers) {
    var sleepEviction = new SleepEviction(sleepers, engine, settings.sleep());
    var poolEviction =
        new PoolEviction(poolMembers, settings.pool(), settings.sleep().evictTimeout());
    // A pool member is worth less than a conversation that sleeps.
    return (fits, starting) -> poolEviction.until(fits) || sleepEviction.until(fits, starting);
  }
}

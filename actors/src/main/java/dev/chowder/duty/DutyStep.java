package dev.chowder.duty;

import dev.chowder.actor.JournalVersion;
import dev.chowder.admission.AdmissionStep;
import dev.chowder.cluster.NodeContext;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.organization.OrganizationEntity;
import dev.chowder.pool.MemberAdmission;
import dev.chowder.pool.PoolKeeper;
import dev.chowder.pool.PoolSettings;
import dev.chowder.reconcile.DiskWatch;
import dev.chowder.reconcile.HomeSizes;
import dev.chowder.reconcile.HostComparison;
import dev.chowder.reconcile.PendingEffects;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.ReconcilerSettings;
import dev.chowder.reconcile.UnreferencedValues;
import dev.chowder.reconcile.ValueOwners;
import dev.chowder.reconcile.ValueSettings;
import dev.chowder.rows.RowKind;
import dev.chowder.rows.RowRepair;
import dev.chowder.rows.RowSettings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.secret.StorageStep;
import dev.chowder.sleep.DeeperSleepSettings;
import dev.chowder.sleep.SleepKeeper;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.ReadModelAudit;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;

/**
 * Offers this node for each duty of the cluster: reconciliation, disk watch, deeper sleep, the pool
 * and the deletion of secrets.
 *
 * @param ownSandbox a sandbox of Chowder itself, which belongs to no instance
 */
public record DutyStep(
    Settings settings,
    StorageStep.Parts storage,
    SandboxEngine engine,
    ActorSystem<?> system,
    AdmissionStep.Parts admission,
    HostPortAccess hostPorts,
    Sandboxes sandboxes,
    SandboxId ownSandbox,
    NodeContext node)
    implements StartupStep<DutyStep.Parts> {

  /** Settings of this step. */
  public record Settings(
      ReconcilerSettings reconciler,
      DiskWatch.Settings disk,
      DeeperSleepSettings sleep,
      PoolSettings pool,
      ValueSettings values,
      RowSettings rows) {}

  /** Started parts. */
  public record Parts(
      SingletonDuty<Reconciler> reconciler,
      SingletonDuty<UnreferencedValues> values,
      RowKind rowsOfOrganizations,
      RowKind rowsOfInstances) {}

  @Override
  public Parts start(Startup startup) {
    var database = storage.database();
    var rowsOfOrganizations =
        new RowKind(
            "organizations",
            ReadModelAudit.ofOrganizations(database, OrganizationEntity.ENTITY_KEY.name()),
            admission.organizations()::storeView);
    var rowsOfInstances =
        new RowKind(
            "instances",
            ReadModelAudit.ofInstances(database, InstanceEntity.ENTITY_KEY.name()),
            admission.instances()::storeView);
    var rows = new InstanceRows(database);
    var reconciler = reconciler(startup, rows, List.of(rowsOfOrganizations, rowsOfInstances));
    var _ =
        keep(
            startup,
            "disk watch",
            "disk-watch",
            () ->
                new DiskWatch(
                        new HomeSizes(rows, sandboxes, settings.disk()),
                        admission.disk(),
                        admission.instances(),
                        settings.disk(),
                        settings.reconciler(),
                        node.clock(),
                        node.metrics())
                    .start());
    var _ =
        keep(
            startup,
            "sleep keeper",
            "sleep-keeper",
            () ->
                new SleepKeeper(
                        admission.sleepers(),
                        engine,
                        settings.sleep(),
                        node.clock(),
                        node.metrics())
                    .start());
    keepPool(startup, rows);
    var values =
        keep(
            startup,
            "unreferenced values",
            "values",
            () ->
                new UnreferencedValues(
                        storage.secrets(),
                        new ValueOwners(rows, admission.instances(), admission.organizations()),
                        settings.values(),
                        node.clock(),
                        System::nanoTime,
                        node.metrics())
                    .start());
    return new Parts(reconciler, values, rowsOfOrganizations, rowsOfInstances);
  }

  private SingletonDuty<Reconciler> reconciler(
      Startup startup, InstanceRows rows, List<RowKind> kinds) {
    return keep(
        startup,
        "reconciler",
        "reconciler",
        () ->
            new Reconciler(
                    new HostComparison(
                        admission.instances(),
                        rows,
                        new HostComparison.Host(engine, sandboxes, Set.of(ownSandbox)),
                        settings.reconciler(),
                        node.clock(),
                        node.metrics()),
                    hostPorts,
                    new PendingEffects(
                        admission.instances(), rows, settings.reconciler(), node.clock()),
                    admission.slots(),
                    kinds.stream()
                        .map(kind -> new RowRepair(kind, settings.rows(), node.clock()))
                        .toList(),
                    settings.reconciler(),
                    node.clock())
                .start());
  }

  private void keepPool(Startup startup, InstanceRows rows) {
    var _ =
        keep(
            startup,
            "pool keeper",
            "pool-keeper",
            () ->
                new PoolKeeper(
                        admission.poolMembers(),
                        rows,
                        admission.setups(),
                        new MemberAdmission(
                            engine,
                            rows,
                            id -> !admission.disk().isLow() && admission.memory().admitsMember(id),
                            admission.boots()::booting,
                            () -> JournalVersion.ofAllMembers(system) >= JournalVersion.CURRENT,
                            settings.pool()),
                        settings.pool(),
                        node.clock(),
                        node.metrics())
                    .start());
  }

  private <D extends SingletonDuty.Duty> SingletonDuty<D> keep(
      Startup startup, String part, String name, Supplier<D> duty) {
    return startup.add(part, SingletonDuty.keep(system, name, duty));
  }
}

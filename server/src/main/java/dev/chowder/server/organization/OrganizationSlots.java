package dev.chowder.server.organization;

import com.typesafe.config.Config;
import dev.chowder.effect.GatewayStages.SlotReleases;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import dev.chowder.instance.Sleep;
import dev.chowder.organization.ModelEndpoint;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Standing;
import dev.chowder.pool.PoolKeeper;
import dev.chowder.reconcile.EachAlone;
import dev.chowder.reconcile.Reconciler.UnusedSlots;
import dev.chowder.server.HostMemoryAdmission;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.instance.Admission;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Reserves and releases slots of organizations. A slot is reserved before its instance is created.
 * It is released when the instance is deleted, has failed or was never created.
 */
public final class OrganizationSlots
    implements Admission, SlotReleases, UnusedSlots, PoolKeeper.Setups {
  private static final int PAGE = 200;

  private final OrganizationClient organizations;
  private final OrganizationRows rows;
  private final Supplier<Instances> instances;
  private final HostMemoryAdmission memory;
  private final Config defaultModels;
  private final String image;
  private final InstantSource clock;
  private final int atOnce;

  /**
   * Creates the slots.
   *
   * @param instances used only to release unused slots; a supplier, since instances need the slots,
   *     too
   */
  public OrganizationSlots(
      OrganizationClient organizations,
      OrganizationRows rows,
      Supplier<Instances> instances,
      HostMemoryAdmission memory,
      Config root,
      InstantSource clock) {
    this.organizations = organizations;
    this.rows = rows;
    this.instances = instances;
    this.memory = memory;
    this.defaultModels = root.getConfig("chowder.models.default");
    this.image = root.getString("chowder.sandbox.image");
    this.clock = clock;
    this.atOnce = root.getInt("chowder.reconciler.looks");
  }

  @Override
  public ModelChoice admit(
      String organizationId, InstanceId id, String provider, Optional<String> model) {
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    var view = reserve(organizationId, id, wanted);
    try {
      memory.admitted(id);
    } catch (RuntimeException full) {
      release(organizationId, id);
      throw full;
    }
    return choice(view, wanted, model);
  }

  @Override
  public PoolSetup admitMember(
      String organizationId, InstanceId member, String provider, Optional<String> model) {
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    return setup(reserve(organizationId, member, wanted), wanted, model);
  }

  @Override
  public Optional<PoolSetup> memberSetup(
      String organizationId, String provider, Optional<String> model) {
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    return able(organizationId, wanted).map(view -> setup(view, wanted, model));
  }

  @Override
  public Optional<PoolKeeper.Offer> current(String organizationId, String provider, String model) {
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    return able(organizationId, wanted)
        .map(
            view ->
                new PoolKeeper.Offer(
                    setup(view, wanted, Optional.of(model)),
                    Math.max(0, view.tier().limit().orElse(Integer.MAX_VALUE) - view.slots())));
  }

  /** Returns the organization if it can create instances of this provider. */
  private Optional<OrganizationView> able(String organizationId, ModelProvider provider) {
    return organizations.reply(organizationId, OrganizationCommand.Get::new)
                instanceof OrganizationReply.Accepted(var view)
            && view.standing() == Standing.ACTIVE
            && view.usable().contains(provider)
        ? Optional.of(view)
        : Optional.empty();
  }

  private PoolSetup setup(OrganizationView view, ModelProvider provider, Optional<String> model) {
    return new PoolSetup(
        choice(view, provider, model), view.keys().getOrDefault(provider, ""), image);
  }

  @Override
  public ModelChoice admitAgain(InstanceView failed) {
    var organizationId = failed.profile().organizationId();
    var model = failed.profile().model();
    var provider = ModelProvider.ofLabel(model.provider()).orElseThrow();
    var view = reserve(organizationId, failed.id(), provider);
    try {
      memory.admitted(failed.id());
    } catch (RuntimeException full) {
      // Not released here, because another recover of the same instance may use it already.
      releaseUnused(organizationId, failed.id());
      throw full;
    }
    return choice(view, provider, Optional.of(model.model()));
  }

  private OrganizationView reserve(String organizationId, InstanceId id, ModelProvider provider) {
    // Operators recover instances, too, and have no key.
    var keyId = Caller.ifKnown().map(Caller::keyId).orElse("");
    return organizations.send(
        organizationId,
        replyTo ->
            new OrganizationCommand.ReserveSlot(
                keyId, id.value(), provider, clock.instant(), replyTo));
  }

  private ModelChoice choice(
      OrganizationView view, ModelProvider provider, Optional<String> model) {
    var endpoint = view.endpoint(provider);
    return new ModelChoice(
        provider.label(),
        model
            .or(() -> endpoint.map(ModelEndpoint::model).filter(m -> !m.isEmpty()))
            .orElseGet(() -> defaultModel(provider)),
        endpoint.map(ModelEndpoint::baseUrl).orElse(""),
        endpoint.map(ModelEndpoint::api).orElse(""));
  }

  private String defaultModel(ModelProvider provider) {
    return switch (provider) {
      case ANTHROPIC, OPENAI, GEMINI -> defaultModels.getString(provider.label());
      // The organization rejects a custom provider without an endpoint that names a model.
      case CUSTOM -> throw new IllegalStateException("custom endpoint without a model");
    };
  }

  @Override
  public void admitStart(InstanceView stopped) {
    memory.admittedStart(stopped.id(), stopped.sleep().orElse(Sleep.OFF));
  }

  @Override
  public void release(String organizationId, InstanceId id) {
    var _ = organizations.send(organizationId, releaseCommand(id));
  }

  @Override
  public void releaseForEffect(String organizationId, InstanceId id) {
    var _ = organizations.sendForEffect(organizationId, releaseCommand(id));
  }

  private Function<ActorRef<OrganizationReply>, OrganizationCommand> releaseCommand(InstanceId id) {
    return replyTo -> new OrganizationCommand.ReleaseSlot(id.value(), clock.instant(), replyTo);
  }

  @Override
  public void releaseUnused(Instant olderThan) {
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.withSlotMismatch(PAGE, after);
      var _ = EachAlone.run("organization", ids(page), atOnce, id -> releaseUnused(id, olderThan));
      if (page.size() < PAGE) return;
      after = Optional.of(page.getLast().id());
    }
  }

  private static List<String> ids(List<OrganizationRow> rows) {
    return rows.stream().map(OrganizationRow::id).toList();
  }

  private void releaseUnused(String organizationId, Instant olderThan) {
    if (!(organizations.reply(organizationId, OrganizationCommand.GetSlots::new)
        instanceof OrganizationReply.Slots(var byInstance))) {
      return;
    }
    var due =
        byInstance.entrySet().stream()
            .filter(slot -> slot.getValue().isBefore(olderThan))
            .map(slot -> new InstanceId(slot.getKey()))
            .toList();
    var _ = EachAlone.run("instance", due, atOnce, id -> releaseUnused(organizationId, id));
  }

  /**
   * Releases the slot unless the instance uses it. The instance decides, and writes its row again.
   * It does not use the slot if it failed or was never created.
   */
  @Override
  public void releaseUnused(String organizationId, InstanceId id) {
    var _ =
        ActorReplies.await(
            instances
                .get()
                .ask(
                    id,
                    replyTo ->
                        new InstanceCommand.ReleaseUnusedSlot(
                            organizationId, clock.instant(), replyTo)),
            "the instance");
  }
}

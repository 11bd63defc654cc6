package dev.chowder.organization;

import dev.chowder.actor.JournalVersion;
import dev.chowder.actor.ViewWriter;
import dev.chowder.base.Failpoints;
import dev.chowder.organization.OrganizationCommand.Request;
import dev.chowder.organization.OrganizationCommand.SlotChange;
import dev.chowder.storage.JournalTags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.persistence.typed.EventAdapter;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.persistence.typed.RecoveryCompleted;
import org.apache.pekko.persistence.typed.javadsl.CommandHandler;
import org.apache.pekko.persistence.typed.javadsl.Effect;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehavior;
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.apache.pekko.persistence.typed.javadsl.SignalHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs {@link OrganizationLifecycle} as a persistent actor: persists events, stores the view,
 * replies. Contains no rules.
 */
public final class OrganizationEntity
    extends EventSourcedBehavior<OrganizationCommand, OrganizationEvent, OrganizationState> {
  public static final EntityTypeKey<OrganizationCommand> ENTITY_KEY =
      EntityTypeKey.create(OrganizationCommand.class, "Organization");

  private static final Logger LOG = LoggerFactory.getLogger(OrganizationEntity.class);

  /** A recovery reads only the newest snapshot. If that is unreadable, it reads all events. */
  private static final int SNAPSHOTS_KEPT = 2;

  private final ActorContext<OrganizationCommand> context;
  private final String id;
  private final IntSupplier journalVersion;
  private final Failpoints failpoints;
  private final int snapshotEvery;
  private final int slotsPerWrite;
  private final ViewWriter<OrganizationView> views;

  /** Slot changes that are waiting for a decision, in order of arrival. */
  private final List<SlotChange> slotChanges = new ArrayList<>();

  /** Starts the sharding of organizations on this node. */
  public static void init(
      ActorSystem<?> system,
      OrganizationReadSide readSide,
      OrganizationSettings settings,
      Failpoints failpoints) {
    var sharding = ClusterSharding.get(system);
    sharding.init(
        Entity.of(
            ENTITY_KEY,
            entity ->
                create(
                    entity.getEntityId(),
                    readSide,
                    command ->
                        sharding.entityRefFor(ENTITY_KEY, entity.getEntityId()).tell(command),
                    () -> JournalVersion.ofAllMembers(system),
                    settings,
                    failpoints)));
  }

  /**
   * Returns the behavior of one organization.
   *
   * @param self sends a command to this organization, even after it was passivated
   * @param journalVersion returns the journal version that all members can read
   */
  public static Behavior<OrganizationCommand> create(
      String id,
      OrganizationReadSide readSide,
      Consumer<OrganizationCommand> self,
      IntSupplier journalVersion,
      OrganizationSettings settings,
      Failpoints failpoints) {
    return Behaviors.setup(
        context ->
            new OrganizationEntity(
                context, id, readSide, self, journalVersion, settings, failpoints));
  }

  private OrganizationEntity(
      ActorContext<OrganizationCommand> context,
      String id,
      OrganizationReadSide readSide,
      Consumer<OrganizationCommand> self,
      IntSupplier journalVersion,
      OrganizationSettings settings,
      Failpoints failpoints) {
    super(
        PersistenceId.of(ENTITY_KEY.name(), id),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1));
    this.context = context;
    this.id = id;
    this.journalVersion = journalVersion;
    this.failpoints = failpoints;
    this.snapshotEvery = settings.maxEventsAfterSnapshot();
    this.slotsPerWrite = settings.maxSlotsPerWrite();
    // Failed writes are retried even if no command arrives: reconciliation passes find unused slots
    // through this row.
    this.views =
        new ViewWriter<>(
            "organization=" + id,
            OrganizationView::revision,
            readSide::store,
            () -> self.accept(new OrganizationCommand.RefreshRow(context.getSystem().ignoreRef())));
  }

  @Override
  public OrganizationState emptyState() {
    return new OrganizationState.Absent();
  }

  @Override
  public CommandHandler<OrganizationCommand, OrganizationEvent, OrganizationState>
      commandHandler() {
    return (state, command) ->
        switch (command) {
          case SlotChange change -> gather(state, change);
          case OrganizationCommand.DecideSlots() -> decideSlots(state);
          case Request request -> decide(state, request);
        };
  }

  private Effect<OrganizationEvent, OrganizationState> decide(
      OrganizationState state, Request request) {
    return switch (OrganizationLifecycle.decide(state, request)) {
      case Decision.Reject(var why) -> {
        request.replyTo().tell(new OrganizationReply.Refused(why));
        yield Effect().none();
      }
      case Decision.Accept(var events) when events.isEmpty() -> unchanged(state, request);
      case Decision.Accept(var events) when !canBeRead(events) -> {
        request
            .replyTo()
            .tell(new OrganizationReply.Refused(new OrganizationRejection.UpgradeUnderWay()));
        yield Effect().none();
      }
      case Decision.Accept(var events) ->
          persist(events, next -> reply(request, answer(next, request)));
    };
  }

  /** Returns whether all members of the cluster can read these events. */
  private boolean canBeRead(List<OrganizationEvent> events) {
    int needed = events.stream().mapToInt(OrganizationJournal::versionOf).max().orElse(0);
    return needed == 0 || needed <= journalVersion.getAsInt();
  }

  private Effect<OrganizationEvent, OrganizationState> unchanged(
      OrganizationState state, Request request) {
    var answer = answer(state, request);
    var view = view(state);
    if (request instanceof OrganizationCommand.RefreshRow && view.isPresent()) {
      views.storeAfter(() -> {}, view.get());
      // If the write failed, there is no reply, so the caller resends the command.
      views.afterStored(
          () -> {
            if (views.isStored(view.get())) request.replyTo().tell(answer);
          });
    } else {
      reply(request, answer);
    }
    return Effect().none();
  }

  /**
   * Collects slot changes. While a write runs, changes queue before {@code DecideSlots}, so all of
   * them share the next write. Changes that a crash loses are resent.
   */
  private Effect<OrganizationEvent, OrganizationState> gather(
      OrganizationState state, SlotChange change) {
    if (slotChanges.isEmpty()) context.getSelf().tell(new OrganizationCommand.DecideSlots());
    slotChanges.add(change);
    return slotChanges.size() < slotsPerWrite ? Effect().none() : decideSlots(state);
  }

  /**
   * Decides the collected slot changes and replies without waiting for the row. Callers learn about
   * slots from this actor alone; reconciliation passes read the row and then ask this actor.
   */
  private Effect<OrganizationEvent, OrganizationState> decideSlots(OrganizationState state) {
    var changes = List.copyOf(slotChanges);
    slotChanges.clear();
    var decisions = SlotDecisions.of(state, changes);
    if (decisions.events().isEmpty()) {
      answer(state, changes, decisions);
      return Effect().none();
    }
    return persist(decisions.events(), next -> answer(next, changes, decisions));
  }

  private void answer(OrganizationState state, List<SlotChange> changes, SlotDecisions decisions) {
    for (int n = 0; n < changes.size(); n++) {
      var change = changes.get(n);
      change
          .replyTo()
          .tell(
              decisions
                  .refusals()
                  .get(n)
                  .<OrganizationReply>map(OrganizationReply.Refused::new)
                  .orElseGet(() -> answer(state, change)));
    }
  }

  private Effect<OrganizationEvent, OrganizationState> persist(
      List<OrganizationEvent> events, Consumer<OrganizationState> then) {
    events.forEach(
        event -> failpoints.hit("persist.organization." + name(event) + Failpoints.BEFORE));
    return Effect()
        .persist(events)
        .thenRun(
            (OrganizationState next) -> {
              events.forEach(
                  event ->
                      failpoints.hit("persist.organization." + name(event) + Failpoints.AFTER));
              log(events);
              view(next).ifPresent(views::store);
              then.accept(next);
            });
  }

  /**
   * Replies to a command after the row is stored, so that a client that reads the row afterwards
   * finds the result. This also holds for a resent command whose first reply still waits for the
   * row.
   */
  private void reply(Request request, OrganizationReply answer) {
    if (request instanceof OrganizationCommand.Get
        || request instanceof OrganizationCommand.GetSlots) {
      request.replyTo().tell(answer);
    } else {
      views.afterStored(() -> request.replyTo().tell(answer));
    }
  }

  private OrganizationReply answer(OrganizationState state, Request request) {
    if (request instanceof OrganizationCommand.GetSlots
        && state instanceof OrganizationState.Active active) {
      return new OrganizationReply.Slots(active.slots());
    }
    return view(state)
        .<OrganizationReply>map(OrganizationReply.Accepted::new)
        .orElseGet(() -> new OrganizationReply.Refused(new OrganizationRejection.NotFound()));
  }

  private Optional<OrganizationView> view(OrganizationState state) {
    return OrganizationView.of(id, Math.toIntExact(lastSequenceNumber(context)), state);
  }

  @Override
  public EventHandler<OrganizationState, OrganizationEvent> eventHandler() {
    return OrganizationLifecycle::evolve;
  }

  @Override
  public EventAdapter<OrganizationEvent, ?> eventAdapter() {
    return new OrganizationJournal();
  }

  /** Never deletes events: they are the audit trail. */
  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(snapshotEvery, SNAPSHOTS_KEPT);
  }

  /** Tags the events of the organization's history. Slot events are not part of it. */
  @Override
  public Set<String> tagsFor(OrganizationEvent event) {
    boolean bookkeeping =
        event instanceof OrganizationEvent.SlotReserved
            || event instanceof OrganizationEvent.SlotReleased;
    return bookkeeping ? Set.of() : JournalTags.setOf(id);
  }

  @Override
  public SignalHandler<OrganizationState> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(RecoveryCompleted.instance(), state -> view(state).ifPresent(views::store))
        .build();
  }

  private static String name(OrganizationEvent event) {
    return event.getClass().getSimpleName();
  }

  private void log(List<OrganizationEvent> events) {
    long revision = lastSequenceNumber(context) - events.size();
    for (OrganizationEvent event : events) {
      revision++;
      LOG.info("organization={} event={} revision={}", id, name(event), revision);
    }
  }
}

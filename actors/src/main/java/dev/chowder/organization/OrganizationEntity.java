package dev.chowder.organization;

import dev.chowder.actor.Failpoints;
import dev.chowder.storage.JournalTags;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
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
import org.apache.pekko.persistence.typed.SnapshotAdapter;
import org.apache.pekko.persistence.typed.javadsl.CommandHandler;
import org.apache.pekko.persistence.typed.javadsl.Effect;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehavior;
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.apache.pekko.persistence.typed.javadsl.SignalHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs {@link OrganizationLifecycle} as a persistent actor: persists, stores the view, replies.
 * Holds no rule of its own.
 */
public final class OrganizationEntity
    extends EventSourcedBehavior<OrganizationCommand, OrganizationEvent, OrganizationState> {
  public static final EntityTypeKey<OrganizationCommand> ENTITY_KEY =
      EntityTypeKey.create(OrganizationCommand.class, "Organization");

  private static final Logger LOG = LoggerFactory.getLogger(OrganizationEntity.class);

  /** One to recover from, and one before it in case that one cannot be read. */
  private static final int SNAPSHOTS_KEPT = 2;

  private static final long AGAIN_SECONDS = 5;

  private final ActorContext<OrganizationCommand> context;
  private final String id;
  private final OrganizationReadSide readSide;
  private final int snapshotEvery;
  private CompletionStage<Done> stored = CompletableFuture.completedFuture(Done.done());

  /** Of the view that was stored last. */
  private volatile int revisionThere;

  /** Makes organizations known to sharding. */
  public static void init(
      ClusterSharding sharding, OrganizationReadSide readSide, OrganizationSettings settings) {
    sharding.init(
        Entity.of(ENTITY_KEY, entity -> create(entity.getEntityId(), readSide, settings)));
  }

  public static Behavior<OrganizationCommand> create(
      String id, OrganizationReadSide readSide, OrganizationSettings settings) {
    return Behaviors.setup(context -> new OrganizationEntity(context, id, readSide, settings));
  }

  private OrganizationEntity(
      ActorContext<OrganizationCommand> context,
      String id,
      OrganizationReadSide readSide,
      OrganizationSettings settings) {
    super(
        PersistenceId.of(ENTITY_KEY.name(), id),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1));
    this.context = context;
    this.id = id;
    this.readSide = readSide;
    this.snapshotEvery = settings.snapshotEvery();
  }

  @Override
  public OrganizationState emptyState() {
    return new OrganizationState.Absent();
  }

  @Override
  public CommandHandler<OrganizationCommand, OrganizationEvent, OrganizationState>
      commandHandler() {
    return (state, command) ->
        switch (OrganizationLifecycle.decide(state, command)) {
          case Decision.Reject(var why) -> {
            command.replyTo().tell(new OrganizationReply.Refused(why));
            yield Effect().none();
          }
          case Decision.Accept(var events) when events.isEmpty() -> {
            var answer = answer(state, command);
            if (command instanceof OrganizationCommand.StoreView) {
              // Where it cannot be stored, there is no answer: whoever asks says it again.
              view(state).ifPresent(view -> store(view, () -> command.replyTo().tell(answer)));
            } else {
              reply(command, answer);
            }
            yield Effect().none();
          }
          case Decision.Accept(var events) -> persist(events, command);
        };
  }

  private Effect<OrganizationEvent, OrganizationState> persist(
      List<OrganizationEvent> events, OrganizationCommand command) {
    events.forEach(
        event -> Failpoints.hit("persist.organization." + name(event) + Failpoints.BEFORE));
    return Effect()
        .persist(events)
        .thenRun(
            (OrganizationState next) -> {
              events.forEach(
                  event ->
                      Failpoints.hit("persist.organization." + name(event) + Failpoints.AFTER));
              log(events);
              view(next).ifPresent(view -> store(view, () -> {}));
              reply(command, answer(next, command));
            });
  }

  /**
   * Whoever reads the rows after an answer finds in them what was answered; so it is when a command
   * is said again because its first answer still waits for the row.
   */
  private void reply(OrganizationCommand command, OrganizationReply answer) {
    if (rowMayFollow(command)) {
      command.replyTo().tell(answer);
      return;
    }
    stored =
        stored.thenApply(
            done -> {
              command.replyTo().tell(answer);
              return done;
            });
  }

  /**
   * Callers learn of slots from this actor alone. Their row is for sweeps, which ask again before
   * they act, so that no create has to wait for it.
   */
  private static boolean rowMayFollow(OrganizationCommand command) {
    return switch (command) {
      case OrganizationCommand.Get _,
          OrganizationCommand.GetSlots _,
          OrganizationCommand.ReserveSlot _,
          OrganizationCommand.ReleaseSlot _ ->
          true;
      case OrganizationCommand.SignUp _,
          OrganizationCommand.StoreView _,
          OrganizationCommand.Update _,
          OrganizationCommand.SetTier _ ->
          false;
    };
  }

  /**
   * Views are stored one after another, and a failure does not hold the next one back. It is made
   * good soon, also where nobody speaks to the organization any more: sweeps find slots that nobody
   * uses by its row.
   *
   * @param then is run when it is there, and not where it could not be stored
   */
  private void store(OrganizationView view, Runnable then) {
    stored =
        stored
            .thenCompose(_ -> readSide.store(view))
            .handle(
                (_, why) -> {
                  if (why == null) then.run();
                  return ended(view, why);
                });
  }

  private Done ended(OrganizationView view, @Nullable Throwable why) {
    if (why == null) {
      revisionThere = view.revision();
    } else {
      LOG.warn(
          "organization={} revision={} view not stored: {}", id, view.revision(), why.toString());
      CompletableFuture.delayedExecutor(AGAIN_SECONDS, TimeUnit.SECONDS)
          .execute(() -> storeAgain(view));
    }
    return Done.done();
  }

  /** An older view never replaces a newer one, so this may come at any time. */
  private void storeAgain(OrganizationView view) {
    if (revisionThere >= view.revision()) return;
    var _ = readSide.store(view).handle((_, why) -> ended(view, why));
  }

  private OrganizationReply answer(OrganizationState state, OrganizationCommand command) {
    if (command instanceof OrganizationCommand.GetSlots
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

  @Override
  public SnapshotAdapter<OrganizationState> snapshotAdapter() {
    return new OrganizationSnapshots();
  }

  /** Events are kept for ever: they are the audit trail. */
  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(snapshotEvery, SNAPSHOTS_KEPT);
  }

  /** Its history; slots are bookkeeping. */
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
        .onSignal(
            RecoveryCompleted.instance(),
            state -> view(state).ifPresent(view -> store(view, () -> {})))
        .build();
  }

  private static String name(OrganizationEvent event) {
    return event.getClass().getSimpleName();
  }

  private void log(List<OrganizationEvent> events) {
    for (OrganizationEvent event : events) {
      LOG.info(
          "organization={} event={} revision={}", id, name(event), lastSequenceNumber(context));
    }
  }
}

package dev.chowder.instance;

import dev.chowder.base.Failpoints;
import dev.chowder.base.Ids;
import dev.chowder.sandbox.HomeRef;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.persistence.typed.EventAdapter;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.persistence.typed.RecoveryCompleted;
import org.apache.pekko.persistence.typed.SnapshotSelectionCriteria;
import org.apache.pekko.persistence.typed.javadsl.CommandHandler;
import org.apache.pekko.persistence.typed.javadsl.Effect;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehavior;
import org.apache.pekko.persistence.typed.javadsl.Recovery;
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.apache.pekko.persistence.typed.javadsl.SignalHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs {@link InstanceLifecycle} as a persistent actor. Persists events, stores the view, replies,
 * notifies watchers and dispatches the pending effect. Contains no rules.
 */
public final class InstanceEntity
    extends EventSourcedBehavior<InstanceCommand, InstanceEvent, InstanceState> {
  public static final EntityTypeKey<InstanceCommand> ENTITY_KEY =
      EntityTypeKey.create(InstanceCommand.class, "Instance");

  private static final Logger LOG = LoggerFactory.getLogger(InstanceEntity.class);

  /** A recovery reads only the newest snapshot. If that is unreadable, it reads all events. */
  private static final int SNAPSHOTS_KEPT = 2;

  private final ActorContext<InstanceCommand> context;
  private final InstanceId id;
  private final InstanceEffects effects;
  private final InstanceViewWriter views;
  private final InstanceHosting hosting;
  private final Failpoints failpoints;
  private final Consumer<InstanceCommand.Report> self;
  private final int maxWatchers;
  private final int snapshotEvery;

  private final Set<ActorRef<InstanceReply>> watchers = new HashSet<>();

  /** The tags of the events that are being persisted, since most events do not show their owner. */
  private Set<String> taggedWith = Set.of();

  /** Whether the instance was a pool member, and not claimed, when this actor started. */
  private boolean recoveredAsMember;

  private InstanceEffect dispatched = new InstanceEffect.None();

  /** Registers instances with cluster sharding. */
  public static void init(
      ActorSystem<?> system,
      InstanceEffects effects,
      InstanceReadSide readSide,
      InstanceSettings settings,
      Failpoints failpoints,
      TransitionLog transitions) {
    ClusterSharding.get(system)
        .init(
            Entity.of(
                ENTITY_KEY,
                entity ->
                    create(
                        new InstanceId(entity.getEntityId()),
                        effects,
                        readSide,
                        InstanceHosting.of(
                            system, new InstanceId(entity.getEntityId()), transitions),
                        settings,
                        failpoints)));
  }

  /** Creates the actor of one instance. */
  static Behavior<InstanceCommand> create(
      InstanceId id,
      InstanceEffects effects,
      InstanceReadSide readSide,
      InstanceHosting hosting,
      InstanceSettings settings,
      Failpoints failpoints) {
    return Behaviors.setup(
        context ->
            new InstanceEntity(context, id, effects, readSide, hosting, settings, failpoints));
  }

  private InstanceEntity(
      ActorContext<InstanceCommand> context,
      InstanceId id,
      InstanceEffects effects,
      InstanceReadSide readSide,
      InstanceHosting hosting,
      InstanceSettings settings,
      Failpoints failpoints) {
    super(
        PersistenceId.of(ENTITY_KEY.name(), id.value()),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1));
    this.context = context;
    this.id = id;
    this.effects = effects;
    this.hosting = hosting;
    this.failpoints = failpoints;
    this.self = hosting.self();
    this.views =
        new InstanceViewWriter(
            id,
            readSide,
            () -> self.accept(new InstanceCommand.Redispatch(Instant.EPOCH, Duration.ZERO)));
    this.maxWatchers = settings.maxWatchers();
    this.snapshotEvery = settings.maxEventsAfterSnapshot();
  }

  @Override
  public InstanceState emptyState() {
    return new InstanceState.Absent();
  }

  @Override
  public CommandHandler<InstanceCommand, InstanceEvent, InstanceState> commandHandler() {
    return (state, command) ->
        switch (decide(state, command)) {
          case Decision.Reject(var why) -> {
            reply(command, new InstanceReply.Refused(why));
            yield Effect().none();
          }
          case Decision.Accept(var events) when events.isEmpty() -> unchanged(state, command);
          case Decision.Accept(var events) when !canBeRead(events) -> holdBack(events, command);
          case Decision.Accept(var events) -> persist(state, events, command);
        };
  }

  /**
   * Decides on a command. A recovered pool member can only be discarded, also by a report that
   * arrives before its own: a re-dispatch would run a stage in a sandbox that an agent may use.
   */
  private Decision decide(InstanceState state, InstanceCommand command) {
    if (!recoveredAsMember || !canBecomeInstance(state)) {
      return InstanceLifecycle.decide(state, ignoreOverdueIfRecent(command));
    }
    return switch (command) {
      case InstanceCommand.Claim _ -> Decision.reject(new InstanceRejection.AlreadyExists());
      case InstanceCommand.Report _ ->
          InstanceLifecycle.decide(state, new InstanceCommand.Discard(Instant.now()));
      case InstanceCommand.Request request -> InstanceLifecycle.decide(state, request);
    };
  }

  /** Returns whether this is a pool member that a create can claim, now or later. */
  private static boolean canBecomeInstance(InstanceState state) {
    return state instanceof InstanceState.Warming || state instanceof InstanceState.Pooled;
  }

  /**
   * Removes the time limit from a re-dispatch if the effect has run here for a shorter time. The
   * wall clock is not enough, since it may have been set, or the stage may have waited for a
   * permit.
   */
  private InstanceCommand ignoreOverdueIfRecent(InstanceCommand command) {
    return command instanceof InstanceCommand.Redispatch(_, var overdue)
            && effects.runningFor(id).compareTo(overdue) < 0
        ? new InstanceCommand.Redispatch(Instant.EPOCH, overdue)
        : command;
  }

  private Effect<InstanceEvent, InstanceState> unchanged(
      InstanceState state, InstanceCommand command) {
    var view = view(state);
    if (command instanceof InstanceCommand.Watch(var replyTo, var watcher)) {
      if (!addWatcher(replyTo)) {
        replyTo.tell(new InstanceReply.Refused(new InstanceRejection.TooManyWatchers(maxWatchers)));
        return Effect().none();
      }
      watcher.tell(new InstanceActor(context.getSelf()));
    }
    if (command instanceof InstanceCommand.Redispatch) {
      view.ifPresent(views::storeIfUnconfirmed);
      effects.dispatch(id, home(state), state.pendingEffect(), self);
    }
    var reply = replyWith(view);
    if (command instanceof InstanceCommand.Get) {
      reply(command, reply);
    } else if (command instanceof InstanceCommand.RefreshRow && view.isPresent()) {
      views.rewrite(view.get());
      // If the write fails, there is no reply, and the sender repeats the command.
      views.afterStored(
          () -> {
            if (views.isStored(view.get())) reply(command, reply);
          });
    } else {
      // The reply to a resent command must wait for the row, like the first reply. So must the
      // first view of a watch, since a call that waits for a status may return it.
      views.afterStored(() -> reply(command, reply));
    }
    return Effect().none();
  }

  private Effect<InstanceEvent, InstanceState> persist(
      InstanceState before, List<InstanceEvent> events, InstanceCommand command) {
    events.forEach(event -> failpoints.hit("persist." + name(event) + Failpoints.BEFORE));
    taggedWith = InstanceTags.of(before, events.getFirst());
    return Effect()
        .persist(events)
        .thenRun(
            (InstanceState next) -> {
              events.forEach(event -> failpoints.hit("persist." + name(event) + Failpoints.AFTER));
              var view = view(next);
              hosting
                  .transitions()
                  .record(id, before, events, command, lastSequenceNumber(context));
              var current = Set.copyOf(watchers);
              view.ifPresent(views::store);
              var reply = replyWith(view);
              // A caller who reads the rows after the reply must find this view.
              views.afterStored(
                  () -> {
                    reply(command, reply);
                    current.forEach(watcher -> watcher.tell(reply));
                  });
              dispatchIfChanged(next);
            });
  }

  /** Returns whether all members of the cluster can read these events. */
  private boolean canBeRead(List<InstanceEvent> events) {
    int needed = events.stream().mapToInt(InstanceJournal::versionOf).max().orElse(0);
    return needed == 0 || needed <= hosting.journalVersion().getAsInt();
  }

  /**
   * Rejects a command while a member cannot read its events. A dropped report is repeated later,
   * because pending effects are re-dispatched and observations are sent again.
   */
  private Effect<InstanceEvent, InstanceState> holdBack(
      List<InstanceEvent> events, InstanceCommand command) {
    LOG.info(
        "instance={} event={} not persisted: a node of an older version is still a member",
        id,
        name(events.getFirst()));
    reply(command, new InstanceReply.Refused(new InstanceRejection.UpgradeUnderWay()));
    return Effect().none();
  }

  private void dispatchIfChanged(InstanceState state) {
    var pendingEffect = state.pendingEffect();
    if (pendingEffect.equals(dispatched)) return;
    dispatched = pendingEffect;
    effects.dispatch(id, home(state), pendingEffect, self);
  }

  private static Optional<HomeRef> home(InstanceState state) {
    return state instanceof InstanceState.Existing existing
        ? existing.profile().home()
        : Optional.empty();
  }

  /**
   * Cancels the effect here, since the instance may start on another node, which must be the only
   * one to perform it. The re-dispatch starts the instance there at once. With the earliest time,
   * it finds no stage overdue.
   */
  private void stopped(InstanceState state) {
    effects.dispatch(id, new InstanceEffect.None(), self);
    if (!state.pendingEffect().equals(new InstanceEffect.None())
        && hosting.canBeHosted().getAsBoolean()) {
      self.accept(new InstanceCommand.Redispatch(Instant.EPOCH, Duration.ZERO));
    }
  }

  /** Returns whether the watcher is registered now. */
  private boolean addWatcher(ActorRef<InstanceReply> watcher) {
    if (watchers.contains(watcher)) return true;
    if (watchers.size() >= maxWatchers) return false;
    watchers.add(watcher);
    context.watch(watcher);
    return true;
  }

  private Optional<InstanceView> view(InstanceState state) {
    return InstanceView.of(id, (int) lastSequenceNumber(context), state);
  }

  @Override
  public EventHandler<InstanceState, InstanceEvent> eventHandler() {
    return InstanceLifecycle::evolve;
  }

  /**
   * Reads no snapshot of a new instance, since it has few events. With a wrong clock, a recovery
   * reads more events, or looks for a snapshot in vain.
   */
  @Override
  public Recovery recovery() {
    return Ids.isNew(id.value(), Instant.now())
        ? Recovery.withSnapshotSelectionCriteria(SnapshotSelectionCriteria.none())
        : super.recovery();
  }

  /**
   * Keeps all events, since they are the history. A recovery that reads at least {@code
   * snapshotEvery} events also takes a snapshot.
   */
  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(snapshotEvery, SNAPSHOTS_KEPT);
  }

  @Override
  public EventAdapter<InstanceEvent, ?> eventAdapter() {
    return new InstanceJournal();
  }

  @Override
  public Set<String> tagsFor(InstanceEvent event) {
    return taggedWith;
  }

  @Override
  public SignalHandler<InstanceState> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(
            RecoveryCompleted.instance(),
            state -> {
              view(state).ifPresentOrElse(views::store, views::nothingStored);
              recoveredAsMember = canBecomeInstance(state);
              if (recoveredAsMember) {
                // The database may be older than the host, and then an agent may use this sandbox.
                // A new member costs less than a proof that it is unused.
                self.accept(new InstanceCommand.Discard(Instant.now()));
              } else {
                dispatchIfChanged(state);
              }
            })
        .onSignal(PostStop.instance(), this::stopped)
        .onSignal(
            org.apache.pekko.actor.typed.Terminated.class,
            (state, terminated) -> {
              watchers.remove(terminated.getRef().<InstanceReply>unsafeUpcast());
            })
        .build();
  }

  private static void reply(InstanceCommand command, InstanceReply reply) {
    if (command instanceof InstanceCommand.Request request) request.replyTo().tell(reply);
  }

  private static InstanceReply replyWith(Optional<InstanceView> view) {
    return view.<InstanceReply>map(InstanceReply.Accepted::new).orElseGet(InstanceReply.Done::new);
  }

  private static String name(InstanceEvent event) {
    return event.getClass().getSimpleName();
  }
}

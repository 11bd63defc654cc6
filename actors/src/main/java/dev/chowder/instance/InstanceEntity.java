package dev.chowder.instance;

import dev.chowder.actor.Failpoints;
import dev.chowder.actor.JournalVersion;
import dev.chowder.storage.JournalTags;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.cluster.typed.Cluster;
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
 * Runs {@link InstanceLifecycle} as a persistent actor: persists, stores the view, replies, tells
 * watchers, hands over what is owed. Holds no rule of its own.
 */
public final class InstanceEntity
    extends EventSourcedBehavior<InstanceCommand, InstanceEvent, InstanceState> {
  public static final EntityTypeKey<InstanceCommand> ENTITY_KEY =
      EntityTypeKey.create(InstanceCommand.class, "Instance");

  private static final Logger LOG = LoggerFactory.getLogger(InstanceEntity.class);

  /** One to recover from, and the previous one in case it cannot be read. */
  private static final int SNAPSHOTS_KEPT = 2;

  private final ActorContext<InstanceCommand> context;
  private final InstanceId id;
  private final InstanceEffects effects;
  private final InstanceViewWriter views;
  private final Consumer<InstanceCommand.Report> self;
  private final BooleanSupplier goesOn;
  private final IntSupplier journalVersion;
  private final int maxWatchers;
  private final int snapshotEvery;

  private final Set<ActorRef<InstanceReply>> watchers = new HashSet<>();

  /** Of whoever's history is being written; an event alone does not tell. */
  private String organizationId = "";

  private InstanceEffect handedOver = new InstanceEffect.None();

  /** Makes instances known to sharding. */
  public static void init(
      ActorSystem<?> system,
      InstanceEffects effects,
      InstanceReadSide readSide,
      InstanceSettings settings) {
    var sharding = ClusterSharding.get(system);
    sharding.init(
        Entity.of(
            ENTITY_KEY,
            entity ->
                create(
                    new InstanceId(entity.getEntityId()),
                    effects,
                    readSide,
                    report -> sharding.entityRefFor(ENTITY_KEY, entity.getEntityId()).tell(report),
                    () -> goesOn(system),
                    () -> JournalVersion.ofAllMembers(system),
                    settings)));
  }

  /**
   * Whether what ends here goes on, at this node or another. Sharding would keep whatever is sent
   * to nobody for as long as it may, and with it the end of the last node.
   */
  private static boolean goesOn(ActorSystem<?> system) {
    if (CoordinatedShutdown.get(system).getShutdownReason().isEmpty()) return true;
    var cluster = Cluster.get(system);
    var here = cluster.selfMember().uniqueAddress();
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .filter(member -> !member.uniqueAddress().equals(here))
        .anyMatch(member -> member.status().equals(MemberStatus.up()));
  }

  /**
   * {@code self} reaches this instance even after it was passivated. {@code goesOn} returns whether
   * any node can host it then. {@code journalVersion} returns the version that all members read.
   */
  public static Behavior<InstanceCommand> create(
      InstanceId id,
      InstanceEffects effects,
      InstanceReadSide readSide,
      Consumer<InstanceCommand.Report> self,
      BooleanSupplier goesOn,
      IntSupplier journalVersion,
      InstanceSettings settings) {
    return Behaviors.setup(
        context ->
            new InstanceEntity(
                context, id, effects, readSide, self, goesOn, journalVersion, settings));
  }

  private InstanceEntity(
      ActorContext<InstanceCommand> context,
      InstanceId id,
      InstanceEffects effects,
      InstanceReadSide readSide,
      Consumer<InstanceCommand.Report> self,
      BooleanSupplier goesOn,
      IntSupplier journalVersion,
      InstanceSettings settings) {
    super(
        PersistenceId.of(ENTITY_KEY.name(), id.value()),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1));
    this.context = context;
    this.id = id;
    this.effects = effects;
    this.views =
        new InstanceViewWriter(
            id,
            readSide,
            () -> self.accept(new InstanceCommand.Redispatch(Instant.EPOCH, Duration.ZERO)));
    this.self = self;
    this.goesOn = goesOn;
    this.journalVersion = journalVersion;
    this.maxWatchers = settings.maxWatchers();
    this.snapshotEvery = settings.snapshotEvery();
  }

  @Override
  public InstanceState emptyState() {
    return new InstanceState.Absent();
  }

  @Override
  public CommandHandler<InstanceCommand, InstanceEvent, InstanceState> commandHandler() {
    return (state, command) ->
        switch (InstanceLifecycle.decide(state, ignoreOverdueIfRecent(command))) {
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
   * A stage that has run here for a shorter time is not overdue, whatever the wall clock shows: the
   * clock may have been set, or the stage may have waited for its turn.
   */
  private InstanceCommand ignoreOverdueIfRecent(InstanceCommand command) {
    return command instanceof InstanceCommand.Redispatch(_, var overdue)
            && effects.underWay(id).compareTo(overdue) < 0
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
      view.ifPresent(views::storeIfUnsure);
      effects.dispatch(id, state.pendingEffect(), self);
    }
    var answer = answer(view);
    if (command instanceof InstanceCommand.Get) {
      reply(command, answer);
    } else if (command instanceof InstanceCommand.RefreshRow && view.isPresent()) {
      views.storeAnew(view.get());
      // Where it could not be, there is no answer: whoever asks says it again.
      views.afterStored(
          () -> {
            if (views.isStored(view.get())) reply(command, answer);
          });
    } else {
      // It may be said again because its first answer still waits for the row, and what a watch
      // begins with may be the answer to a call that waits.
      views.afterStored(() -> reply(command, answer));
    }
    return Effect().none();
  }

  private Effect<InstanceEvent, InstanceState> persist(
      InstanceState before, List<InstanceEvent> events, InstanceCommand command) {
    events.forEach(event -> Failpoints.hit("persist." + name(event) + Failpoints.BEFORE));
    organizationId = owner(before, events.getFirst());
    return Effect()
        .persist(events)
        .thenRun(
            (InstanceState next) -> {
              events.forEach(event -> Failpoints.hit("persist." + name(event) + Failpoints.AFTER));
              var view = view(next);
              log(before, events);
              var told = Set.copyOf(watchers);
              view.ifPresent(views::store);
              var answer = answer(view);
              // Whoever reads the rows after the answer finds in them what was answered.
              views.afterStored(
                  () -> {
                    reply(command, answer);
                    told.forEach(watcher -> watcher.tell(answer));
                  });
              handOver(next);
            });
  }

  /** Whether all members of the cluster can read these events. */
  private boolean canBeRead(List<InstanceEvent> events) {
    int needed = events.stream().mapToInt(InstanceJournal::versionOf).max().orElse(0);
    return needed == 0 || needed <= journalVersion.getAsInt();
  }

  /**
   * A dropped report is repeated: pending effects are re-dispatched, and observations are sent
   * again.
   */
  private Effect<InstanceEvent, InstanceState> holdBack(
      List<InstanceEvent> events, InstanceCommand command) {
    LOG.info(
        "instance={} event={} held back: a node of an older version is still a member",
        id,
        name(events.getFirst()));
    reply(command, new InstanceReply.Refused(new InstanceRejection.UpgradeUnderWay()));
    return Effect().none();
  }

  private static String owner(InstanceState state, InstanceEvent first) {
    return switch (state) {
      case InstanceState.Existing born -> born.profile().organizationId();
      case InstanceState.Tombstone unborn -> unborn.organizationId();
      case InstanceState.Absent() ->
          switch (first) {
            case InstanceEvent.Created created -> created.profile().organizationId();
            case InstanceEvent.BirthForbidden forbidden -> forbidden.organizationId();
            case InstanceEvent other -> throw new IllegalStateException("before birth: " + other);
          };
    };
  }

  private void handOver(InstanceState state) {
    var pendingEffect = state.pendingEffect();
    if (pendingEffect.equals(handedOver)) return;
    handedOver = pendingEffect;
    effects.dispatch(id, pendingEffect, self);
  }

  /**
   * It may live on at another node: only that one is to do what is owed, and at once, so it is
   * woken there. Nothing is overdue at the beginning of time.
   */
  private void leave(InstanceState state) {
    effects.dispatch(id, new InstanceEffect.None(), self);
    if (!state.pendingEffect().equals(new InstanceEffect.None()) && goesOn.getAsBoolean()) {
      self.accept(new InstanceCommand.Redispatch(Instant.EPOCH, Duration.ZERO));
    }
  }

  /** Whether it is a watcher now. */
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
   * Events are kept: they are the history. A recovery that read more of them takes a snapshot, too.
   */
  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(snapshotEvery, SNAPSHOTS_KEPT);
  }

  @Override
  public EventAdapter<InstanceEvent, ?> eventAdapter() {
    return new InstanceJournal();
  }

  /** Whose history it belongs to. */
  @Override
  public Set<String> tagsFor(InstanceEvent event) {
    return JournalTags.setOf(organizationId);
  }

  @Override
  public SignalHandler<InstanceState> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(
            RecoveryCompleted.instance(),
            state -> {
              view(state).ifPresent(views::store);
              handOver(state);
            })
        .onSignal(PostStop.instance(), this::leave)
        .onSignal(
            org.apache.pekko.actor.typed.Terminated.class,
            (state, gone) -> {
              watchers.remove(gone.getRef().<InstanceReply>unsafeUpcast());
            })
        .build();
  }

  private static void reply(InstanceCommand command, InstanceReply answer) {
    if (command instanceof InstanceCommand.Request request) request.replyTo().tell(answer);
  }

  private static InstanceReply answer(Optional<InstanceView> view) {
    return view.<InstanceReply>map(InstanceReply.Accepted::new).orElseGet(InstanceReply.Done::new);
  }

  private static String name(InstanceEvent event) {
    return event.getClass().getSimpleName();
  }

  private void log(InstanceState before, List<InstanceEvent> events) {
    var from = before;
    long revision = lastSequenceNumber(context) - events.size();
    for (var event : events) {
      var to = InstanceLifecycle.evolve(from, event);
      revision++;
      LOG.info(
          "instance={} event={} from={} to={} revision={}",
          id,
          name(event),
          from.getClass().getSimpleName(),
          to.getClass().getSimpleName(),
          revision);
      from = to;
    }
  }
}

package dev.chowder.server.instance;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.Ids;
import dev.chowder.gateway.Overrides;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.idempotency.Idempotency;
import dev.chowder.server.idempotency.NewId;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Creates instances: claims a pool member if one fits, and provisions a new instance otherwise.
 * Blocks.
 */
final class InstanceCreation {
  /**
   * Begins the create request ids of instances that claimed a member. A repeated call may find a
   * member that another call claimed, and recognizes by this id that it is not its own.
   */
  private static final String CLAIMED_BY = "pool-";

  private final InstanceClient client;
  private final Admission admission;
  private final PoolClaims pool;
  private final Overrides overrides;
  private final SecretStore secrets;
  private final Clock clock;

  InstanceCreation(
      InstanceClient client,
      Admission admission,
      PoolClaims pool,
      Overrides overrides,
      SecretStore secrets,
      Clock clock) {
    this.client = client;
    this.admission = admission;
    this.pool = pool;
    this.overrides = overrides;
    this.secrets = secrets;
    this.clock = clock;
  }

  /**
   * A create.
   *
   * @param config its overrides, which were checked
   * @param version version of the overrides; empty if there are none
   * @param requestId the same for each repetition of the call
   */
  private record Draft(
      Caller caller,
      InstanceRequests.Creation wanted,
      Optional<ObjectNode> config,
      String version,
      String requestId) {
    Profile profile(ModelChoice model, String createRequestId, Instant now) {
      return new Profile(
          caller.organizationId(),
          wanted.name(),
          model,
          wanted.sandboxProvider(),
          wanted.openclawVersion(),
          wanted.region(),
          wanted.labels(),
          config.isPresent() ? 1 : 0,
          0,
          TokenRotations.NONE,
          ConfigValues.ofNew(version),
          Homes.FIRST,
          now,
          now,
          createRequestId);
    }
  }

  /**
   * Returns the instance that an earlier call with the same idempotency key created before it died.
   * If it created none, it can create none later, and {@code newId} has another id.
   */
  Optional<InstanceView> createdBefore(Caller caller, NewId newId) {
    if (!newId.mayBeTaken()) return Optional.empty();
    var id = new InstanceId(newId.value());
    var created = client.findOrTombstone(caller, id, clock.instant());
    boolean ofAnother = created.filter(one -> isOfAnother(one, newId)).isPresent();
    if (created.isEmpty()) removeAll(caller, id);
    if (created.isPresent() && !ofAnother) return created;
    var _ = newId.another();
    return Optional.empty();
  }

  private static boolean isOfAnother(InstanceView view, NewId newId) {
    var createdBy = view.profile().createRequestId();
    return createdBy.startsWith(CLAIMED_BY) && !createdBy.equals(CLAIMED_BY + newId.requestId());
  }

  /**
   * Creates an instance.
   *
   * @param config its overrides, which were checked; empty if there are none
   */
  InstanceView create(
      Caller caller, NewId newId, InstanceRequests.Creation wanted, Optional<ObjectNode> config) {
    var draft =
        new Draft(caller, wanted, config, config.isPresent() ? Ids.next() : "", newId.requestId());
    var own = newId.value();
    return pool.first(
            caller.organizationId(),
            () ->
                admission.memberSetup(
                    caller.organizationId(), wanted.modelProvider(), wanted.model()),
            member -> claim(draft, newId, member))
        .orElseGet(() -> provision(draft, newId.value().equals(own) ? newId : newId.another()));
  }

  /** Claims a member; empty if it does not fit or another create claimed it. */
  private Optional<InstanceView> claim(Draft draft, NewId newId, InstanceView member) {
    var organization = draft.caller().organizationId();
    var setup =
        admission.admitMember(
            organization, member.id(), draft.wanted().modelProvider(), draft.wanted().model());
    if (member.member().filter(setup::equals).isPresent()) {
      newId.take(member.id().value());
      draft.config().ifPresent(json -> overrides.store(member.id(), draft.version(), json));
      var now = clock.instant();
      var profile = draft.profile(setup.model(), CLAIMED_BY + draft.requestId(), now);
      var reply =
          ask(
              member.id(),
              replyTo ->
                  new InstanceCommand.Claim(draft.caller().keyId(), profile, setup, now, replyTo));
      if (reply instanceof InstanceReply.Accepted(var view)) return Optional.of(view);
    }
    // The member decides: if another create claimed it, its slot stays.
    admission.releaseUnused(organization, member.id());
    // A discarded one releases its slot later, but this create may need the last free one now.
    var after = ask(member.id(), InstanceCommand.Get::new);
    if (after instanceof InstanceReply.Accepted(var view)
        && view.isTerminated()
        && view.member().isPresent()) {
      admission.release(organization, member.id());
    }
    return Optional.empty();
  }

  private InstanceView provision(Draft draft, NewId newId) {
    var caller = draft.caller();
    var id = new InstanceId(newId.value());
    // Starts the actor while the slot is reserved, because both take about the same time.
    client.instances().activate(id);
    var model =
        admission.admit(
            caller.organizationId(), id, draft.wanted().modelProvider(), draft.wanted().model());
    draft.config().ifPresent(json -> overrides.store(id, draft.version(), json));
    var now = clock.instant();
    var profile = draft.profile(model, Ids.next(), now);
    var reply =
        ask(id, replyTo -> new InstanceCommand.Create(caller.keyId(), profile, now, replyTo));
    if (reply instanceof InstanceReply.Refused(InstanceRejection.AlreadyExists())) {
      // This call was so slow that a repeated call, or reconciliation, made the id a tombstone.
      removeAll(caller, id);
      throw Idempotency.inProgress();
    }
    return InstanceClient.view(reply);
  }

  private InstanceReply ask(
      InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    return ActorReplies.await(client.instances().ask(id, command), "the instance");
  }

  private void removeAll(Caller caller, InstanceId tombstone) {
    admission.release(caller.organizationId(), tombstone);
    secrets.deleteAll(tombstone.value());
  }
}

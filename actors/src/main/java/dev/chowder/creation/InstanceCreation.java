package dev.chowder.creation;

import dev.chowder.actor.NoReplyException;
import dev.chowder.actor.Replies;
import dev.chowder.admission.Admission;
import dev.chowder.admission.RejectedException;
import dev.chowder.admission.Rejection;
import dev.chowder.admission.Requester;
import dev.chowder.base.Ids;
import dev.chowder.gateway.Overrides;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.secret.SecretStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Creates instances: claims a pool member if one fits, and provisions a new instance otherwise.
 * Blocks.
 *
 * <p>A create is a saga. Each step is repeated or undone if the create ends after it:
 *
 * <ol>
 *   <li>The id. A repeated call has the same, and finds what the first call did with it.
 *   <li>The slot and the memory. Without memory the slot is released; if the node dies, a
 *       reconciliation pass releases it.
 *   <li>The secrets, as values that only this id names. They are deleted with the id.
 *   <li>The create. From then on the instance owns the slot and the secrets.
 * </ol>
 */
public record InstanceCreation(
    Instances instances,
    Admission admission,
    PoolClaims pool,
    Overrides overrides,
    SecretStore secrets,
    InstantSource clock) {
  /**
   * Begins the create request ids of instances that claimed a member. A repeated call may find a
   * member that another call claimed, and recognizes by this id that it is not its own.
   */
  private static final String CLAIMED_BY = "pool-";

  /**
   * A create.
   *
   * @param provider label of the model provider
   * @param version version of the overrides; empty if there are none
   * @param requestId the same for each repetition of the call
   */
  private record Draft(
      Requester requester,
      WantedInstance wanted,
      String provider,
      String version,
      String requestId) {
    String organizationId() {
      return requester.organizationId();
    }

    Profile profile(ModelChoice model, String createRequestId, Instant now) {
      return new Profile(
          organizationId(),
          wanted.name(),
          model,
          wanted.sandboxProvider(),
          wanted.sandboxImage(),
          wanted.openclawVersion(),
          wanted.region(),
          wanted.labels(),
          wanted.openclawConfig().isPresent() ? 1 : 0,
          0,
          TokenRotations.NONE,
          ConfigValues.ofNew(version),
          Homes.FIRST,
          Optional.empty(),
          now,
          now,
          now,
          createRequestId);
    }
  }

  /**
   * Returns the instance that an earlier call with the same id created before it died. If it
   * created none, it can create none later, and {@code newId} has another id.
   *
   * @throws NoReplyException if the instance or its organization does not reply
   * @throws RejectedException if the instance rejects the call
   */
  public Optional<InstanceView> createdBefore(String organizationId, CreateId newId) {
    if (!newId.mayBeTaken()) return Optional.empty();
    var id = new InstanceId(newId.value());
    var created = findOrTombstone(organizationId, id);
    boolean ofAnother = created.filter(one -> isOfAnother(one, newId)).isPresent();
    if (created.isEmpty()) removeAll(organizationId, id);
    if (created.isPresent() && !ofAnother) return created;
    newId.another();
    return Optional.empty();
  }

  private static boolean isOfAnother(InstanceView view, CreateId newId) {
    var createdBy = view.profile().createRequestId();
    return createdBy.startsWith(CLAIMED_BY) && !createdBy.equals(CLAIMED_BY + newId.requestId());
  }

  /**
   * Returns the instance of this id if it was created. Otherwise turns the id into a tombstone, or
   * discards the pool member, so that it can never be created, and returns empty. Its slot may
   * still be reserved.
   */
  private Optional<InstanceView> findOrTombstone(String organizationId, InstanceId id) {
    var now = clock.instant();
    var found = ask(id, InstanceCommand.Get::new);
    if (found instanceof InstanceReply.Accepted(var view) && view.member().isEmpty()) {
      return Optional.of(view);
    }
    var after =
        ask(id, replyTo -> new InstanceCommand.ReleaseUnusedSlot(organizationId, now, replyTo));
    return after instanceof InstanceReply.Done()
        ? Optional.empty()
        : Optional.of(view(after)).filter(view -> view.member().isEmpty());
  }

  /**
   * Creates an instance.
   *
   * @param wanted its overrides must have been checked
   * @throws RejectedException if it is not created
   * @throws NoReplyException if an actor does not reply
   */
  public InstanceView create(Requester requester, CreateId newId, WantedInstance wanted) {
    admission.requireDiskSpace();
    var provider =
        wanted.modelProvider().orElseGet(() -> admission.provider(requester.organizationId()));
    var version = wanted.openclawConfig().isPresent() ? Ids.next() : "";
    var draft = new Draft(requester, wanted, provider, version, newId.requestId());
    var own = newId.value();
    var claimed =
        pool.first(
            draft.organizationId(),
            () ->
                admission.memberSetup(
                    draft.organizationId(), provider, wanted.model(), wanted.sandboxImage()),
            member -> claim(draft, newId, member));
    if (claimed.isPresent()) return claimed.get();
    if (!newId.value().equals(own)) newId.another();
    return provision(draft, new InstanceId(newId.value()));
  }

  /** Claims a member; empty if it does not fit or another create claimed it. */
  private Optional<InstanceView> claim(Draft draft, CreateId newId, InstanceView member) {
    var wanted = draft.wanted();
    var setup =
        admission.admitMember(
            draft.requester(),
            member.id(),
            draft.provider(),
            wanted.model(),
            wanted.sandboxImage());
    if (member.member().filter(setup::equals).isPresent()) {
      newId.take(member.id().value());
      storeSecrets(draft, member.id());
      var now = clock.instant();
      var profile = draft.profile(setup.model(), CLAIMED_BY + draft.requestId(), now);
      var reply =
          ask(
              member.id(),
              replyTo ->
                  new InstanceCommand.Claim(
                      draft.requester().keyId(), profile, setup, now, replyTo));
      if (reply instanceof InstanceReply.Accepted(var view)) return Optional.of(view);
    }
    releaseUnclaimed(draft.organizationId(), member.id());
    return Optional.empty();
  }

  private void releaseUnclaimed(String organizationId, InstanceId member) {
    // The member decides: if another create claimed it, its slot stays.
    admission.releaseUnused(organizationId, member);
    // A discarded one releases its slot later, but this create may need the last free one now.
    var after = ask(member, InstanceCommand.Get::new);
    if (after instanceof InstanceReply.Accepted(var view)
        && view.isTerminated()
        && view.member().isPresent()) {
      admission.release(organizationId, member);
    }
  }

  private InstanceView provision(Draft draft, InstanceId id) {
    // Starts the actor while the slot is reserved, because both take about the same time.
    instances.activate(id);
    var model = admission.admit(draft.requester(), id, draft.provider(), draft.wanted().model());
    storeSecrets(draft, id);
    var reply = create(draft, id, model);
    if (reply instanceof InstanceReply.Refused(InstanceRejection.AlreadyExists())) {
      // This call was so slow that a repeated call, or reconciliation, made the id a tombstone.
      removeAll(draft.organizationId(), id);
      throw new RejectedException(new Rejection.Overtaken());
    }
    return view(reply);
  }

  private void storeSecrets(Draft draft, InstanceId id) {
    draft.wanted().openclawConfig().ifPresent(json -> overrides.store(id, draft.version(), json));
  }

  private InstanceReply create(Draft draft, InstanceId id, ModelChoice model) {
    var now = clock.instant();
    var profile = draft.profile(model, Ids.next(), now);
    return ask(
        id,
        replyTo -> new InstanceCommand.Create(draft.requester().keyId(), profile, now, replyTo));
  }

  private static InstanceView view(InstanceReply reply) {
    return switch (reply) {
      case InstanceReply.Accepted(var view) -> view;
      case InstanceReply.Refused(var why) ->
          throw new RejectedException(new Rejection.ByInstance(why));
      case InstanceReply.Done() ->
          throw new RejectedException(new Rejection.ByInstance(new InstanceRejection.NotFound()));
    };
  }

  private InstanceReply ask(
      InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    return Replies.await(instances.ask(id, command), "the instance");
  }

  private void removeAll(String organizationId, InstanceId tombstone) {
    admission.release(organizationId, tombstone);
    secrets.deleteAll(tombstone.value());
  }
}

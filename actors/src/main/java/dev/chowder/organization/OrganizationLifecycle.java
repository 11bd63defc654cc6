package dev.chowder.organization;

import static dev.chowder.organization.Decision.accept;
import static dev.chowder.organization.Decision.reject;

import dev.chowder.organization.OrganizationCommand.ApplySubscription;
import dev.chowder.organization.OrganizationCommand.Delete;
import dev.chowder.organization.OrganizationCommand.FinishDeletion;
import dev.chowder.organization.OrganizationCommand.Get;
import dev.chowder.organization.OrganizationCommand.GetSlots;
import dev.chowder.organization.OrganizationCommand.LinkCustomer;
import dev.chowder.organization.OrganizationCommand.RecordKeyCreated;
import dev.chowder.organization.OrganizationCommand.RecordKeyRevoked;
import dev.chowder.organization.OrganizationCommand.RefreshRow;
import dev.chowder.organization.OrganizationCommand.ReleaseSlot;
import dev.chowder.organization.OrganizationCommand.Request;
import dev.chowder.organization.OrganizationCommand.ReserveSlot;
import dev.chowder.organization.OrganizationCommand.Resume;
import dev.chowder.organization.OrganizationCommand.SetTier;
import dev.chowder.organization.OrganizationCommand.SignUp;
import dev.chowder.organization.OrganizationCommand.Suspend;
import dev.chowder.organization.OrganizationCommand.Update;
import dev.chowder.organization.OrganizationEvent.CustomerLinked;
import dev.chowder.organization.OrganizationEvent.Deleted;
import dev.chowder.organization.OrganizationEvent.DeletionRequested;
import dev.chowder.organization.OrganizationEvent.EndpointRemoved;
import dev.chowder.organization.OrganizationEvent.EndpointSet;
import dev.chowder.organization.OrganizationEvent.KeyMade;
import dev.chowder.organization.OrganizationEvent.KeyRevoked;
import dev.chowder.organization.OrganizationEvent.ProviderKeyRemoved;
import dev.chowder.organization.OrganizationEvent.ProviderKeySet;
import dev.chowder.organization.OrganizationEvent.Renamed;
import dev.chowder.organization.OrganizationEvent.Resumed;
import dev.chowder.organization.OrganizationEvent.SignedUp;
import dev.chowder.organization.OrganizationEvent.SlotReleased;
import dev.chowder.organization.OrganizationEvent.SlotReserved;
import dev.chowder.organization.OrganizationEvent.SubscriptionReported;
import dev.chowder.organization.OrganizationEvent.Suspended;
import dev.chowder.organization.OrganizationEvent.TierSet;
import dev.chowder.organization.OrganizationState.Absent;
import dev.chowder.organization.OrganizationState.Active;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.pcollections.HashTreePMap;

/**
 * Decides an organization's commands and applies its events. Pure and total; no other class
 * contains rules of organizations.
 */
public final class OrganizationLifecycle {
  private static final Tier FIRST_TIER = Tier.SHRIMP;

  private OrganizationLifecycle() {}

  static Decision decide(OrganizationState state, Request command) {
    return switch (state) {
      case Absent() ->
          command instanceof SignUp(var name, var requestId, var now, _)
              ? accept(new SignedUp(name, FIRST_TIER, requestId, now))
              : reject(new OrganizationRejection.NotFound());
      case Active active -> decide(active, command);
    };
  }

  private static Decision decide(Active state, Request command) {
    if (state.standing().isFinal() && !isPartOfDeletion(command)) {
      return reject(new OrganizationRejection.NotFound());
    }
    return switch (command) {
      case SignUp s ->
          // The request was resent because its reply was lost.
          state.signUpRequestId().equals(s.requestId())
              ? accept()
              : reject(new OrganizationRejection.AlreadyExists());
      case Get _, GetSlots _, RefreshRow _ -> accept();
      case Update update -> OrganizationUpdate.decide(state, update);
      case RecordKeyCreated(var keyId, var madeId, var now, _) ->
          accept(new KeyMade(keyId, madeId, now));
      case RecordKeyRevoked(var keyId, var revokedId, var now, _) ->
          accept(new KeyRevoked(keyId, revokedId, now));
      case SetTier(var tier, var now, _) ->
          tier == state.tier() ? accept() : accept(new TierSet(tier, now));
      case Suspend(var now, _) ->
          state.standing() == Standing.SUSPENDED ? accept() : accept(new Suspended(now));
      case Resume(var now, _) ->
          state.standing() == Standing.SUSPENDED ? accept(new Resumed(now)) : accept();
      case Delete(var name, var now, _) -> delete(state, name, now);
      case FinishDeletion(var cancelledId, var now, _) ->
          state.standing() == Standing.DELETING
                  && state.slots().isEmpty()
                  && state.billing().present().stream().allMatch(s -> s.id().equals(cancelledId))
              ? accept(new Deleted(now))
              : accept();
      case LinkCustomer(var keyId, var customerId, var instead, var now, _) ->
          state.billing().customerId().equals(instead)
              ? accept(new CustomerLinked(keyId, customerId, now))
              : accept();
      case ApplySubscription apply -> applySubscription(state, apply);
      case ReserveSlot reserve -> reserve(state, reserve);
      case ReleaseSlot(var instanceId, var now, _) ->
          state.slots().containsKey(instanceId)
              ? accept(new SlotReleased(instanceId, now))
              : accept();
    };
  }

  /**
   * Returns whether a deleted organization still accepts the command. To all other commands, the
   * organization does not exist.
   */
  private static boolean isPartOfDeletion(Request command) {
    return switch (command) {
      case Get _,
          GetSlots _,
          RefreshRow _,
          ReleaseSlot _,
          RecordKeyRevoked _,
          ApplySubscription _,
          SignUp _,
          Delete _,
          FinishDeletion _ ->
          true;
      case Update _,
          RecordKeyCreated _,
          SetTier _,
          Suspend _,
          Resume _,
          LinkCustomer _,
          ReserveSlot _ ->
          false;
    };
  }

  private static Decision delete(Active state, String name, Instant now) {
    if (!name.equals(state.name())) {
      return reject(
          new OrganizationRejection.Invalid(
              "name", "must be the name of the organization to delete"));
    }
    return state.standing().isFinal() ? accept() : accept(new DeletionRequested(now));
  }

  /**
   * Applies a Stripe event. A checkout that was open at the deletion may start a subscription; the
   * deletion is requested again, so that this subscription is cancelled too.
   */
  private static Decision applySubscription(Active state, ApplySubscription command) {
    var decision = SubscriptionUpdate.decide(state, command, FIRST_TIER);
    if (state.standing() != Standing.DELETED
        || !(decision instanceof Decision.Accept(var events))
        || events.stream().noneMatch(e -> e instanceof SubscriptionReported s && !s.ended())) {
      return decision;
    }
    return new Decision.Accept(
        Stream.concat(events.stream(), Stream.of(new DeletionRequested(command.now()))).toList());
  }

  private static Decision reserve(Active state, ReserveSlot command) {
    if (state.slots().containsKey(command.instanceId())) return accept();
    if (state.standing() == Standing.SUSPENDED) {
      return reject(new OrganizationRejection.Suspended());
    }
    if (!state.canUse(command.provider())) {
      return reject(new OrganizationRejection.ProviderNotConfigured(command.provider()));
    }
    int used = state.slots().size();
    int limit = state.tier().limit().orElse(Integer.MAX_VALUE);
    return used < limit
        ? accept(new SlotReserved(command.keyId(), command.instanceId(), command.now()))
        : reject(new OrganizationRejection.LimitReached(used, limit));
  }

  static OrganizationState evolve(OrganizationState state, OrganizationEvent event) {
    if (event instanceof SignedUp(var name, var tier, var requestId, var at)) {
      if (state instanceof Absent) {
        return new Active(
            name,
            tier,
            ProviderKeys.NONE,
            Map.of(),
            HashTreePMap.empty(),
            Billing.NONE,
            Standing.ACTIVE,
            at,
            at,
            requestId);
      }
      throw corrupt(state, event);
    }
    return switch (state) {
      case Absent() -> throw corrupt(state, event);
      case Active active -> evolve(active, event);
    };
  }

  private static Active evolve(Active state, OrganizationEvent event) {
    return switch (event) {
      case SignedUp _ -> throw corrupt(state, event);
      case Renamed(_, var name, var at) -> state.withName(name, at);
      case TierSet(var tier, var at) -> state.withTier(tier, at);
      case ProviderKeySet(_, var provider, var version, var at) ->
          state.withKeys(state.keys().with(provider, version), at);
      case ProviderKeyRemoved(_, var provider, var at) ->
          state.withKeys(state.keys().without(provider), at);
      case EndpointSet(_, var provider, var endpoint, var at) ->
          state.withEndpoints(with(state.endpoints(), provider, endpoint), at);
      case EndpointRemoved(_, var provider, var at) ->
          state.withEndpoints(without(state.endpoints(), provider), at);
      case Suspended _ -> state.withStanding(Standing.SUSPENDED);
      case Resumed _ -> state.withStanding(Standing.ACTIVE);
      case DeletionRequested _ -> state.withStanding(Standing.DELETING);
      case Deleted _ -> state.withStanding(Standing.DELETED);
      case KeyMade _, KeyRevoked _ -> state;
      case CustomerLinked(_, var customerId, _) ->
          state.withBilling(state.billing().with(customerId));
      case SubscriptionReported subscription ->
          state.withBilling(state.billing().after(subscription));
      case SlotReserved(_, var instanceId, var at) ->
          state.withSlots(state.slots().plus(instanceId, at));
      case SlotReleased(var instanceId, _) -> state.withSlots(state.slots().minus(instanceId));
    };
  }

  private static <K extends Comparable<K>, V> Map<K, V> with(Map<K, V> map, K key, V value) {
    Map<K, V> next = new TreeMap<>(map);
    next.put(key, value);
    return next;
  }

  private static <K extends Comparable<K>, V> Map<K, V> without(Map<K, V> map, K key) {
    Map<K, V> next = new TreeMap<>(map);
    next.remove(key);
    return next;
  }

  private static IllegalStateException corrupt(OrganizationState state, OrganizationEvent event) {
    return new IllegalStateException(
        "event "
            + event.getClass().getSimpleName()
            + " in state "
            + state.getClass().getSimpleName());
  }
}

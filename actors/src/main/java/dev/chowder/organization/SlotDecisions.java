package dev.chowder.organization;

import dev.chowder.organization.OrganizationCommand.SlotChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The decisions on slot changes that arrived together, each based on the state after the previous
 * one. The events are persisted in one write, all or none.
 *
 * @param refusals one entry per change, in order; empty if the change is accepted
 */
record SlotDecisions(
    List<OrganizationEvent> events, List<Optional<OrganizationRejection>> refusals) {

  static SlotDecisions of(OrganizationState state, List<SlotChange> changes) {
    var events = new ArrayList<OrganizationEvent>();
    var refusals = new ArrayList<Optional<OrganizationRejection>>();
    var now = state;
    for (var change : changes) {
      switch (OrganizationLifecycle.decide(now, change)) {
        case Decision.Reject(var why) -> refusals.add(Optional.of(why));
        case Decision.Accept(var accepted) -> {
          refusals.add(Optional.empty());
          events.addAll(accepted);
          for (var event : accepted) now = OrganizationLifecycle.evolve(now, event);
        }
      }
    }
    return new SlotDecisions(List.copyOf(events), List.copyOf(refusals));
  }
}

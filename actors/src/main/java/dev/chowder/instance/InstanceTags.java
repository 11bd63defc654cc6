package dev.chowder.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.storage.JournalTags;
import java.util.Set;

/** Determines the tags with which the events of an instance are stored in the journal. */
final class InstanceTags {
  private InstanceTags() {}

  /**
   * Returns the tags that make events part of their organization's history. A pool member belongs
   * to it only when it was claimed, or its claim was found.
   */
  static Set<String> of(InstanceState state, InstanceEvent first) {
    boolean joins = first instanceof InstanceEvent.Claimed || first instanceof InstanceEvent.Failed;
    boolean hidden =
        first instanceof InstanceEvent.MemberCreated
            || (state instanceof InstanceState.Member && !joins);
    return hidden ? Set.of() : JournalTags.setOf(owner(state, first));
  }

  private static String owner(InstanceState state, InstanceEvent first) {
    return switch (state) {
      case InstanceState.Existing existing -> existing.profile().organizationId();
      case InstanceState.Tombstone tombstone -> tombstone.organizationId();
      case InstanceState.Absent() ->
          switch (first) {
            case InstanceEvent.Created created -> created.profile().organizationId();
            case InstanceEvent.CreationForbidden forbidden -> forbidden.organizationId();
            case InstanceEvent other ->
                throw new IllegalStateException(
                    cannot(
                        "persist the event " + other.getClass().getSimpleName(),
                        "the instance was not created"));
          };
    };
  }
}

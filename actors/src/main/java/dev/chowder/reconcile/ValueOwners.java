package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Organizations;
import dev.chowder.organization.Standing;
import dev.chowder.secret.SecretNames;
import dev.chowder.storage.InstanceRows;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the stored values that an instance or an organization needs, by asking it. Blocks. Does not
 * know which values are stored.
 */
public record ValueOwners(InstanceRows rows, Instances instances, Organizations organizations) {
  private static final Logger LOG = LoggerFactory.getLogger(ValueOwners.class);

  /**
   * The values that one owner needs.
   *
   * @param known whether the journal knows the owner
   * @param replied whether the owner replied; otherwise it counts as needing all values
   * @param names whether the owner needs the value of this name
   * @param mayReject whether callers may have caused an unreferenced value that is newer than all
   *     others, by a rejected change; otherwise it is a sign of an older journal
   */
  record Needs(boolean known, boolean replied, Predicate<String> names, boolean mayReject) {
    static Needs unknown() {
      return new Needs(true, false, _ -> true, false);
    }

    static Needs ofUnknownOwner() {
      return new Needs(false, true, _ -> false, false);
    }

    static Needs ofInstance(Predicate<String> names) {
      return new Needs(true, true, names, false);
    }
  }

  /**
   * Returns the values that an owner needs. An owner that does not reply counts as needing all.
   *
   * @param names names of its stored values
   */
  Needs needs(String owner, Set<String> names) {
    try {
      return names.stream().anyMatch(name -> name.startsWith(SecretNames.PROVIDER_KEYS))
          ? organization(owner, names)
          : instance(new InstanceId(owner), names);
    } catch (RuntimeException why) {
      LOG.warn("owner={} sweep=unreferenced values: no reply: {}", owner, why.toString());
      return Needs.unknown();
    }
  }

  private Needs organization(String id, Set<String> names) {
    var reply = organizations.ask(id, OrganizationCommand.Get::new).toCompletableFuture().join();
    return switch (reply) {
      case OrganizationReply.Accepted(var view) -> {
        var keys = keys(view);
        // An accepted key deletes the one that it replaces. If the journal names a key that is
        // missing, the journal is older than the keys.
        yield new Needs(true, true, keys::contains, names.containsAll(keys));
      }
      case OrganizationReply.Refused _ -> Needs.ofUnknownOwner();
      case OrganizationReply.Slots _ -> Needs.unknown();
    };
  }

  private static Set<String> keys(OrganizationView view) {
    if (view.standing() == Standing.DELETED) return Set.of();
    return view.keys().entrySet().stream()
        .map(key -> key.getKey().secretName(key.getValue()))
        .collect(Collectors.toSet());
  }

  private Needs instance(InstanceId id, Set<String> names) {
    var row = rows.get(id.value()).map(InstanceReadRows::view);
    // Most owners need all their values, so only the others are queried.
    if (row.isPresent() && !row.get().isTerminated()) {
      var view = row.get();
      if (names.stream().allMatch(name -> needs(view, name))) {
        return Needs.ofInstance(_ -> true);
      }
    }
    var reply = instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
    return switch (reply) {
      case InstanceReply.Accepted(var view) -> Needs.ofInstance(name -> needs(view, name));
      case InstanceReply.Refused _, InstanceReply.Done _ -> Needs.ofUnknownOwner();
    };
  }

  /**
   * Returns whether the instance needs the value. A deleted instance needs its secrets until its
   * sandbox is removed, which also removes them.
   */
  private static boolean needs(InstanceView view, String name) {
    if (view.isTerminated()) return view.effectPending();
    var config = view.profile().config();
    if (name.startsWith(SecretNames.CONFIG_VALUES)) {
      return config.referenced().contains(name.substring(SecretNames.CONFIG_VALUES.length()));
    }
    if (name.equals(SecretNames.overrides(SecretNames.UNVERSIONED))) {
      return config.overrides().version().equals(SecretNames.UNVERSIONED);
    }
    var beginning = SecretNames.channel("", SecretNames.UNVERSIONED);
    return !name.startsWith(beginning)
        || SecretNames.UNVERSIONED.equals(
            config.channels().get(name.substring(beginning.length())));
  }
}

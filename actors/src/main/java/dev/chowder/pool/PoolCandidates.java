package dev.chowder.pool;

import dev.chowder.instance.PoolSetup;
import dev.chowder.pool.PoolDemand.Model;
import dev.chowder.pool.PoolDemand.Wanted;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the models that can get a member. Asks only some organizations in each check, since most
 * may be at their limit and each may reply late. Not safe for concurrent use.
 */
final class PoolCandidates {
  private static final Logger LOG = LoggerFactory.getLogger(PoolCandidates.class);

  /**
   * How many models without members a check asks about, for each allowed member. Organizations that
   * could get no member use at most half of this before the second models of others.
   */
  private static final int ASKED = 4;

  private final PoolKeeper.Setups setups;
  private final Predicate<String> creating;
  private final int maxSize;

  /** The last check in which an organization could get no member. */
  private final Map<String, Long> refusals = new HashMap<>();

  private long check;

  /**
   * Creates the search.
   *
   * @param creating whether an organization created an instance lately
   * @param maxSize maximum number of members of an organization
   */
  PoolCandidates(PoolKeeper.Setups setups, Predicate<String> creating, int maxSize) {
    this.setups = setups;
    this.creating = creating;
    this.maxSize = maxSize;
  }

  /**
   * A model that may have members.
   *
   * @param setup what its creates provision; empty if its organization did not reply
   */
  record Candidate(Wanted wanted, Optional<PoolSetup> setup, PoolShares.Claimant claimant) {}

  /**
   * Returns the models that can get a member, at most {@code allowed}, in the order of their
   * shares.
   *
   * @param wanted models, those of the last creates first
   * @param allowed maximum number of all members
   * @param served whether a model has members
   * @param unchanged number of members of a model that stay if its organization does not reply
   */
  List<Candidate> find(
      List<Wanted> wanted, int allowed, Predicate<Model> served, ToIntFunction<Model> unchanged) {
    check++;
    refusals
        .keySet()
        .retainAll(
            wanted.stream().map(one -> one.model().organizationId()).collect(Collectors.toSet()));
    var search = new Search(unchanged);
    int left = ASKED * allowed;
    for (var one : inTurn(wanted, served, waiting(left / 2))) {
      if (search.candidates.size() >= allowed) break;
      if (search.isDone(one.model())) continue;
      // Members stay only if their model is a candidate.
      if (!served.test(one.model()) && left-- <= 0) continue;
      search.ask(one);
    }
    for (var organizationId : search.asked) {
      if (search.models.containsKey(organizationId)) refusals.remove(organizationId);
      else refusals.put(organizationId, check);
    }
    return search.candidates;
  }

  /**
   * Returns the organizations that could get no member, except those asked longest ago.
   *
   * @param due maximum number of organizations that are left out
   */
  private Set<String> waiting(int due) {
    return refusals.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .skip(due)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  /**
   * Returns the models in the order in which they get members.
   *
   * @param waiting organizations that come after all others
   */
  private List<Wanted> inTurn(List<Wanted> wanted, Predicate<Model> served, Set<String> waiting) {
    // Those with members come first. Otherwise, organizations that create in turns would displace
    // each other's members. Members of one that stopped creating give way to those that create.
    Comparator<Wanted> creatingFirst =
        Comparator.comparing(one -> !creating.test(one.model().organizationId()));
    var membersFirst = creatingFirst.thenComparing(one -> !served.test(one.model()));
    var sorted = new ArrayList<>(wanted);
    sorted.sort(membersFirst);
    // The first model of each organization comes before that, so that one with many models leaves
    // some to others. Last come organizations that could get no member, the most recently asked at
    // the end. Those asked longest ago keep their turn. Otherwise, second models of others would
    // take all members, and a free slot would not be found.
    var counts = new HashMap<String, Integer>();
    var turns = new HashMap<Model, Integer>();
    sorted.forEach(
        one -> turns.put(one.model(), counts.merge(one.model().organizationId(), 1, Integer::sum)));
    sorted.sort(
        Comparator.comparing((Wanted one) -> waiting.contains(one.model().organizationId()))
            .thenComparing(one -> turns.getOrDefault(one.model(), 1))
            .thenComparing(membersFirst)
            .thenComparing(one -> refusals.getOrDefault(one.model().organizationId(), 0L)));
    return sorted;
  }

  /** The search of one check. */
  private final class Search {
    private final ToIntFunction<Model> unchanged;
    private final List<Candidate> candidates = new ArrayList<>();

    /** The number of candidates of an organization. */
    private final Map<String, Integer> models = new HashMap<>();

    /** How many members an organization that was asked may have. */
    private final Map<String, Integer> limits = new HashMap<>();

    private final Set<String> asked = new HashSet<>();

    /** The organizations that were asked and did not reply. */
    private final Set<String> silent = new HashSet<>();

    Search(ToIntFunction<Model> unchanged) {
      this.unchanged = unchanged;
    }

    /** Returns whether it is known that the model would get no member. */
    boolean isDone(Model model) {
      var organizationId = model.organizationId();
      if (silent.contains(organizationId) && unchanged.applyAsInt(model) == 0) return true;
      return models.getOrDefault(organizationId, 0)
          >= limits.getOrDefault(organizationId, Integer.MAX_VALUE);
    }

    void ask(Wanted wanted) {
      var model = wanted.model();
      var organizationId = model.organizationId();
      if (silent.contains(organizationId)) {
        addUnchanged(wanted);
        return;
      }
      asked.add(organizationId);
      Optional<PoolKeeper.Offer> offer;
      try {
        offer =
            setups.current(organizationId, model.provider(), model.model(), model.sandboxImage());
      } catch (RuntimeException noReply) {
        // The members of other organizations must still be checked.
        LOG.warn(
            "organization={} event=pool-not-checked why={}", organizationId, noReply.toString());
        silent.add(organizationId);
        addUnchanged(wanted);
        return;
      }
      offer.ifPresent(
          one -> {
            int limit = Math.min(maxSize, one.freeSlots());
            limits.put(organizationId, limit);
            if (limit > 0) add(wanted, Optional.of(one.setup()), wanted.members(), limit);
          });
    }

    private void addUnchanged(Wanted wanted) {
      int members = unchanged.applyAsInt(wanted.model());
      if (members == 0) return;
      limits.put(wanted.model().organizationId(), maxSize);
      add(wanted, Optional.empty(), members, maxSize);
    }

    private void add(Wanted wanted, Optional<PoolSetup> setup, int members, int limit) {
      models.merge(wanted.model().organizationId(), 1, Integer::sum);
      candidates.add(
          new Candidate(wanted, setup, new PoolShares.Claimant(wanted.model(), members, limit)));
    }
  }
}

package dev.chowder.instance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The home volumes of an instance, as its journal knows them. Each provisioning creates one, whose
 * generation is the number of the attempt. Remembers permanently in which of them an agent ran:
 * until the instance is deleted, such a volume is never removed, even if it comes back after
 * another one took its place.
 *
 * @param generation of the home that the instance has or is getting; 0 if it was created before
 *     homes had generations
 * @param used those in which an agent ran, oldest first
 * @param adopted whether the home came back after another one had taken its place, and no agent has
 *     run in it since, so that the configuration of the other one must be applied again
 */
public record Homes(int generation, List<Used> used, boolean adopted) {
  /** The generation that drivers report for a home whose label is not a number. */
  static final int UNREADABLE = Integer.MAX_VALUE;

  /** The homes of an instance that was created before homes had generations. */
  public static final Homes NONE = new Homes(0, List.of(), false);

  /** The homes of a new instance. */
  public static final Homes FIRST = new Homes(1, List.of(), false);

  /**
   * A home in which an agent ran.
   *
   * @param model the model that it was provisioned with
   */
  public record Used(int generation, ModelChoice model) {}

  public Homes {
    used = List.copyOf(used);
  }

  /** Whether an agent ran in the current home. */
  public boolean agentRan() {
    return used(generation).isPresent();
  }

  /** The home of this generation, if an agent ran in it. */
  Optional<Used> used(int which) {
    return used.stream().filter(one -> one.generation() == which).findFirst();
  }

  /**
   * Whether no agent ever ran in the home of this generation, so that it may be removed. False for
   * a home that is later than the journal, since the database may be older than the host. Also
   * false for a home without a label once an agent ran in any home, since a copy that was restored
   * by hand may have lost its label.
   *
   * @param attempt the instance's current one
   */
  public boolean isUnused(int which, int attempt) {
    return which <= attempt && used(which).isEmpty() && (which != 0 || used.isEmpty());
  }

  /** Returns the homes after a new one is created. */
  Homes made(int newGeneration) {
    return new Homes(newGeneration, used, false);
  }

  /**
   * Returns the homes after an existing one is adopted; one that the journal does not know may hold
   * an agent's data, so it is kept.
   */
  Homes taken(int which, ModelChoice model) {
    var all = used(which).isPresent() ? used : with(which, model);
    return new Homes(which, all, adopted || which != generation);
  }

  /** Returns the homes after an agent ran in the current one. */
  Homes ranWith(ModelChoice model) {
    return new Homes(generation, agentRan() ? used : with(generation, model), false);
  }

  private List<Used> with(int which, ModelChoice model) {
    var all = new ArrayList<>(used);
    all.add(new Used(which, model));
    return all;
  }
}

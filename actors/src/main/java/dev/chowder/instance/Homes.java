package dev.chowder.instance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The home volumes of an instance, as its journal knows them. Each provisioning creates a volume,
 * whose generation is the number of the attempt. Volumes in which an agent ran are remembered
 * permanently. They are kept until the instance is deleted, even if one reappears after another
 * volume replaced it.
 *
 * @param generation generation of the current volume, or of the one being created; 0 if the
 *     instance is older than generations
 * @param used the volumes in which an agent ran, oldest first
 * @param adopted whether the current volume reappeared after another one had replaced it, and no
 *     agent has run in it since. The configuration must then be applied again.
 */
public record Homes(int generation, List<Used> used, boolean adopted) {
  /** The generation that engines report for a volume whose label is not a number. */
  static final int UNREADABLE = Integer.MAX_VALUE;

  /** The volumes of an instance that is older than generations. */
  public static final Homes NONE = new Homes(0, List.of(), false);

  /** The volumes of a new instance. */
  public static final Homes FIRST = new Homes(1, List.of(), false);

  /**
   * A volume in which an agent ran.
   *
   * @param model the model that the volume was provisioned with
   */
  public record Used(int generation, ModelChoice model) {}

  public Homes {
    used = List.copyOf(used);
  }

  /** Returns whether an agent ran in the current volume. */
  public boolean agentRan() {
    return used(generation).isPresent();
  }

  /** Returns the volume of this generation; empty if no agent ran in it. */
  Optional<Used> used(int which) {
    return used.stream().filter(one -> one.generation() == which).findFirst();
  }

  /**
   * Returns whether no agent ever ran in the volume of this generation, so that it may be removed.
   * False for a volume that is newer than the journal, since the database may be older than the
   * host. Also false for a volume without a label once an agent ran in any volume, since a copy
   * that was restored by hand may have lost its label.
   *
   * @param which generation of the volume; 0 if it has no label
   * @param attempt the instance's current attempt
   */
  public boolean isUnused(int which, int attempt) {
    return which <= attempt && used(which).isEmpty() && (which != 0 || used.isEmpty());
  }

  /** Returns the volumes after a new one is created. */
  Homes afterCreation(int newGeneration) {
    return new Homes(newGeneration, used, false);
  }

  /**
   * Returns the volumes after an existing one becomes the current one. If the journal does not know
   * it, it may hold an agent's data, so it counts as used and is kept.
   */
  Homes afterAdoption(int which, ModelChoice model) {
    var all = used(which).isPresent() ? used : with(which, model);
    return new Homes(which, all, adopted || which != generation);
  }

  /** Returns the volumes after an agent ran in the current one. */
  Homes afterAgentRan(ModelChoice model) {
    return new Homes(generation, agentRan() ? used : with(generation, model), false);
  }

  private List<Used> with(int which, ModelChoice model) {
    var all = new ArrayList<>(used);
    all.add(new Used(which, model));
    return all;
  }
}

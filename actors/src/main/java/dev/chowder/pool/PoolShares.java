package dev.chowder.pool;

import dev.chowder.pool.PoolDemand.Model;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Divides the members that the host has memory for among models. Each model gets its first member
 * before any gets a second one.
 */
final class PoolShares {
  private PoolShares() {}

  /**
   * What a model could use.
   *
   * @param wanted number of members that recent creates suggest
   * @param limit maximum number of members of its organization, of all models together
   */
  record Claimant(Model model, int wanted, int limit) {}

  /**
   * Returns how many members each model gets; models without any are missing.
   *
   * @param claimants models in the order in which they get members
   * @param allowed maximum number of all members
   */
  static Map<Model, Integer> divide(List<Claimant> claimants, int allowed) {
    var members = new HashMap<Model, Integer>();
    var ofOrganization = new HashMap<String, Integer>();
    int left = allowed;
    int before;
    do {
      before = left;
      for (var one : claimants) {
        var organization = one.model().organizationId();
        if (left > 0
            && members.getOrDefault(one.model(), 0) < one.wanted()
            && ofOrganization.getOrDefault(organization, 0) < one.limit()) {
          members.merge(one.model(), 1, Integer::sum);
          ofOrganization.merge(organization, 1, Integer::sum);
          left--;
        }
      }
    } while (left < before);
    return members;
  }
}

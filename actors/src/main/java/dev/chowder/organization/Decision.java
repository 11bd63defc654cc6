package dev.chowder.organization;

import java.util.List;

/** What a command leads to: facts to persist (perhaps none), or a refusal. */
sealed interface Decision {
  record Accept(List<OrganizationEvent> events) implements Decision {}

  record Reject(OrganizationRejection why) implements Decision {}

  static Decision accept(OrganizationEvent... events) {
    return new Accept(List.of(events));
  }

  static Decision reject(OrganizationRejection why) {
    return new Reject(why);
  }
}

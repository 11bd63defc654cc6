package dev.chowder.organization;

import java.util.List;

/** The result of a command: events to persist, possibly none, or a rejection. */
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

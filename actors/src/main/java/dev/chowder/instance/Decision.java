package dev.chowder.instance;

import java.util.List;

/** The result of a command: the events to persist, which may be none, or a rejection. */
public sealed interface Decision {
  record Accept(List<InstanceEvent> events) implements Decision {}

  record Reject(InstanceRejection why) implements Decision {}

  static Decision accept(InstanceEvent... events) {
    return new Accept(List.of(events));
  }

  static Decision accept(List<InstanceEvent> events) {
    return new Accept(List.copyOf(events));
  }

  static Decision reject(InstanceRejection why) {
    return new Reject(why);
  }
}

package dev.chowder.instance;

import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/** Changes of one value of an instance. */
final class Updates {
  private Updates() {}

  static InstanceCommand rename(String name, ActorRef<InstanceReply> replyTo) {
    return update(Optional.of(name), Map.of(), Optional.empty(), replyTo);
  }

  static InstanceCommand relabel(Map<String, String> labels, ActorRef<InstanceReply> replyTo) {
    return update(Optional.empty(), labels, Optional.empty(), replyTo);
  }

  static InstanceCommand sandboxImage(String variant, ActorRef<InstanceReply> replyTo) {
    return update(Optional.empty(), Map.of(), Optional.of(variant), replyTo);
  }

  private static InstanceCommand update(
      Optional<String> name,
      Map<String, String> labels,
      Optional<String> sandboxImage,
      ActorRef<InstanceReply> replyTo) {
    return new InstanceCommand.Update(
        "key", name, labels, sandboxImage, Optional.empty(), States.T0, replyTo);
  }
}

package dev.chowder.instance;

import dev.chowder.actor.CborSerializable;

/** The one answer to an {@link InstanceCommand.Request}. */
public sealed interface InstanceReply extends CborSerializable {
  record Accepted(InstanceView view) implements InstanceReply {}

  /** Done, and there is nothing to show. */
  record Done() implements InstanceReply {}

  record Refused(InstanceRejection why) implements InstanceReply {}
}

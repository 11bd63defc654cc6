package dev.chowder.instance;

import dev.chowder.actor.CborSerializable;

/** The reply to an {@link InstanceCommand.Request}. */
public sealed interface InstanceReply extends CborSerializable {
  record Accepted(InstanceView view) implements InstanceReply {}

  /** The command succeeded, and the instance has no view. */
  record Done() implements InstanceReply {}

  record Refused(InstanceRejection why) implements InstanceReply {}
}

package dev.chowder.instance;

import dev.chowder.actor.CborSerializable;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Which actor an instance is at present. When that one ends, so does all that it promised, and the
 * instance may come up at another node.
 */
public record InstanceActor(ActorRef<InstanceCommand> actor) implements CborSerializable {}

package dev.chowder.instance;

import dev.chowder.actor.CborSerializable;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * The actor that currently runs an instance. When this actor stops, its watches end, and the
 * instance may start on another node.
 */
public record InstanceActor(ActorRef<InstanceCommand> actor) implements CborSerializable {}

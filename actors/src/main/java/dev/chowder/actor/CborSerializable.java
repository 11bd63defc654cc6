package dev.chowder.actor;

/** Marks messages that cross nodes. They live for one hop; the journal has a format of its own. */
public interface CborSerializable {}

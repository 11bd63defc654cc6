package dev.chowder.actor;

/** Marks messages between nodes. They are never stored; the journal has its own format. */
public interface CborSerializable {}

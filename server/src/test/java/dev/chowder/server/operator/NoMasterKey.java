package dev.chowder.server.operator;

/** A node with one master key and nothing to re-encrypt. */
public class NoMasterKey implements MasterKeyCommands {
  @Override
  public int reload() {
    return 1;
  }

  @Override
  public int rewrite() {
    return 0;
  }
}

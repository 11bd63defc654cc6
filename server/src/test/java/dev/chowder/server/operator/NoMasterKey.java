package dev.chowder.server.operator;

/** A node with one key and nothing to write anew. */
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

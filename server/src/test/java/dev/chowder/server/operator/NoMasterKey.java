package dev.chowder.server.operator;

/** A node with one master key and nothing to re-encrypt. */
public class NoMasterKey extends SecretOperatorCommands {
  /** Creates commands without parts, which no method here uses. */
  @SuppressWarnings("NullAway")
  public NoMasterKey() {
    super(null, null);
  }

  @Override
  public int reload() {
    return 1;
  }

  @Override
  public int rewrite() {
    return 0;
  }
}

package dev.chowder.server.operator;

/** Changes the master key of a running node. May block. */
public interface MasterKeyCommands {
  /**
   * Reads the master keys again from their source. The first key encrypts, all keys decrypt.
   *
   * @return number of keys
   */
  int reload();

  /**
   * Encrypts all values with the first key that another key encrypted.
   *
   * @return number of rewritten values
   */
  int rewrite();
}

package dev.chowder.server.operator;

/** How an operator changes the master key under a running node. May block. */
public interface MasterKeyCommands {
  /**
   * Takes the keys that lie where the master key comes from now: the first writes, all read.
   *
   * @return how many there are
   */
  int reload();

  /**
   * Writes everything anew that another key than the first one wrote.
   *
   * @return how many values were
   */
  int rewrite();
}

package dev.chowder.server.operator;

/** How an operator orders a backup of a database that only this process can read. Blocks. */
@FunctionalInterface
public interface BackupCommand {
  /**
   * Copies the database as it is at one moment, and signs the copy with the master key.
   *
   * @return the file's name in {@code backups}, in the installation's home
   */
  String backUp();
}

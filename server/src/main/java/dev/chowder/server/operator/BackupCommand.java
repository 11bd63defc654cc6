package dev.chowder.server.operator;

/** Backs up a database that only this process can read. Blocks. */
@FunctionalInterface
public interface BackupCommand {
  /**
   * Writes a consistent copy of the database, signed with the master key.
   *
   * @return name of the file in {@code backups} in the state directory
   */
  String backUp();
}

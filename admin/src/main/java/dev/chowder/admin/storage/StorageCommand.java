package dev.chowder.admin.storage;

import dev.chowder.admin.command.Invocation;
import dev.chowder.admin.installation.Installation;
import dev.chowder.admin.installation.UpLock;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.secret.BackupTag;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SignedBackups;
import dev.chowder.storage.StorageSettings;
import dev.chowder.storage.TableDigest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Prepares the installation and its settings for all commands on the whole database. */
abstract class StorageCommand implements Runnable {
  private final Invocation invocation;

  StorageCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public final void run() {
    TimeLimit.run(invocation, this::work);
  }

  /** Does the work of the command. */
  abstract void work();

  final Invocation invocation() {
    return invocation;
  }

  final Installation installation() {
    return Installation.of(invocation);
  }

  /** Prepares the installation, and locks it until the lock is closed. */
  final UpLock begin() {
    installation().createFolders();
    installation().ensureClusterId(clusterIdOfCaller());
    return UpLock.take(installation().home());
  }

  /** Returns the cluster id that the caller requires. */
  final Optional<String> clusterIdOfCaller() {
    return Optional.ofNullable(invocation.environment().variables().get("CHOWDER_CLUSTER_ID"))
        .filter(id -> !id.isEmpty());
  }

  final StorageSettings database() {
    return StorageSettings.from(invocation.config());
  }

  /** Returns the H2 file of the default URL, which may not exist; empty for another URL. */
  final Optional<Path> h2File() {
    var folder = database().directory();
    return database().url().startsWith("jdbc:h2:async:" + folder.resolve("chowder"))
        ? Optional.of(folder.resolve("chowder.mv.db"))
        : Optional.empty();
  }

  /**
   * Fails if there is no H2 file. Otherwise an empty database would be created and copied, if the
   * caller forgot the URL of the real one.
   */
  final void requireDatabase() {
    if (h2File().isEmpty() || Files.exists(h2File().get())) return;
    throw new CommandException(
        ExitCode.USAGE,
        "CHOWDER_STORAGE_URL: must be the URL of the database, because %s does not exist; if \"chowder up\" runs a PostgreSQL of its own, run it first"
            .formatted(h2File().get()));
  }

  final SecretSettings secrets() {
    return SecretSettings.from(invocation.config());
  }

  /** Returns the tag of the master keys on this machine. */
  final BackupTag tag(List<Path> moreKeyFiles) {
    return new BackupTag(secrets(), moreKeyFiles);
  }

  final SignedBackups backups(BackupTag tag) {
    return new SignedBackups(database(), tag);
  }

  final void say(String sentence) {
    invocation.notices().say(sentence);
  }

  final void report(List<TableDigest> copied) {
    copied.forEach(table -> say("  " + table));
  }
}

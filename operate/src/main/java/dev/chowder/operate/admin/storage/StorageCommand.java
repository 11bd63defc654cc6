package dev.chowder.operate.admin.storage;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.database.PrivateDatabase;
import dev.chowder.operate.state.Flock;
import dev.chowder.operate.state.Installation;
import dev.chowder.operate.state.UpLock;
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
abstract class StorageCommand extends OperatorCommand implements Runnable {
  @Override
  public final void run() {
    TimeLimit.run(invocation(), this::work);
  }

  /**
   * Makes the private database available, if the installation has one. A command first checks its
   * arguments, and reads the settings only afterwards, since this sets the URL.
   */
  final void startDatabase() {
    var site = site();
    if (site.text("cluster-id").isEmpty()) return;
    site.ensureState();
    var database = new PrivateDatabase(site);
    if (database.exists()) database.ensure(false);
  }

  /** Does the work of the command. */
  abstract void work();

  final Installation installation() {
    return invocation().installation();
  }

  /** Prepares the installation, and locks it until the lock is closed. */
  final Flock begin() {
    installation().createFolders();
    installation().ensureClusterId(clusterIdOfCaller());
    return UpLock.take(installation().home());
  }

  /** Returns the cluster id that the caller requires. */
  final Optional<String> clusterIdOfCaller() {
    return invocation().variables().find("CHOWDER_CLUSTER_ID");
  }

  final StorageSettings database() {
    return StorageSettings.from(invocation().config());
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
    throw ExitCode.USAGE.failure(
        "CHOWDER_STORAGE_URL: must be the URL of the database, because %s does not exist; if \"chowder up\" runs a PostgreSQL of its own, run it first"
            .formatted(h2File().get()));
  }

  final SecretSettings secrets() {
    return SecretSettings.from(invocation().config());
  }

  /** Returns the tag of the master keys on this machine. */
  final BackupTag tag(List<Path> moreKeyFiles) {
    return new BackupTag(secrets(), moreKeyFiles);
  }

  final SignedBackups backups(BackupTag tag) {
    return new SignedBackups(database(), tag);
  }

  final void report(List<TableDigest> copied) {
    copied.forEach(table -> say("  " + table));
  }
}

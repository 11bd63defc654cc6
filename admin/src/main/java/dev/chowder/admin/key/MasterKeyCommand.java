package dev.chowder.admin.key;

import dev.chowder.admin.command.Invocation;
import dev.chowder.admin.installation.Installation;
import dev.chowder.admin.installation.UpLock;
import dev.chowder.admin.node.LocalNodes;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.secret.SecretSettings;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import picocli.CommandLine.Command;

/** The command {@code master-key}. */
@Command(
    name = "master-key",
    description = "Replace the key that encrypts all secrets",
    synopsisSubcommandLabel = "COMMAND")
public final class MasterKeyCommand {
  private final Invocation invocation;

  public MasterKeyCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Command(
      description =
          "Replace the master key of the running installation on this machine; no call fails"
              + " meanwhile",
      footer = {
        "",
        "Afterwards the previous key decrypts nothing in the database. Earlier backups still need"
            + " it, so it is kept in a file beside the new one. If the command is interrupted, run"
            + " it again.",
        "",
        "If the nodes run on several machines, do the steps of docs/operations/keys.md with the key"
            + " file of each machine."
      })
  void rotate() {
    var variables = invocation.environment().variables();
    var file = SecretSettings.from(invocation.config()).masterKeyFile();
    var installation = Installation.of(invocation);
    if (!variables.getOrDefault("CHOWDER_MASTER_KEY", "").isEmpty()) {
      throw new CommandException(
          ExitCode.USAGE,
          "CHOWDER_MASTER_KEY: must be unset, because this command replaces the key in a file; see docs/operations/keys.md");
    }
    if (!Files.isRegularFile(file) || file.toFile().length() == 0) {
      throw new CommandException(
          ExitCode.USAGE,
          file
              + ": must be the master key of an installation that \"chowder up\" created; the file does not exist");
    }
    installation.requireCreated();
    installation.ensureClusterId(
        Optional.ofNullable(variables.get("CHOWDER_CLUSTER_ID")).filter(id -> !id.isEmpty()));
    try (var _ = UpLock.take(installation.home())) {
      var rotation =
          new KeyRotation(
              file, LocalNodes.all(invocation), new SecureRandom(), InstantSource.system());
      var done = rotation.run();
      invocation
          .notices()
          .say(
              "Replaced the master key and re-encrypted %d values. Store a copy of %s separately. Earlier backups need %s."
                  .formatted(done.rewritten(), file, done.kept()));
    }
  }
}

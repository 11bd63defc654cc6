package dev.chowder.operate.admin.key;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.admin.node.LocalNodes;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.state.UpLock;
import dev.chowder.secret.SecretSettings;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.InstantSource;
import picocli.CommandLine.Command;

/** The command {@code master-key}. */
@Command(name = "master-key", description = "Replace the key that encrypts all secrets")
public final class MasterKeyCommand extends OperatorCommand {
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
    var variables = invocation().variables();
    var file = SecretSettings.from(invocation().config()).masterKeyFile();
    var installation = invocation().installation();
    if (variables.find("CHOWDER_MASTER_KEY").isPresent()) {
      throw ExitCode.USAGE.failure(
          "CHOWDER_MASTER_KEY: must be unset, because this command replaces the key in a file; see docs/operations/keys.md");
    }
    if (!Files.isRegularFile(file) || file.toFile().length() == 0) {
      throw ExitCode.USAGE.failure(
          file
              + ": must be the master key of an installation that \"chowder up\" created; the file does not exist");
    }
    installation.requireCreated();
    installation.ensureClusterId(variables.find("CHOWDER_CLUSTER_ID"));
    try (var _ = UpLock.take(installation.home())) {
      var rotation =
          new KeyRotation(
              file, LocalNodes.all(invocation()), new SecureRandom(), InstantSource.system());
      var done = rotation.run();
      say(
          "Replaced the master key and re-encrypted %d values. Store a copy of %s separately. Earlier backups need %s."
              .formatted(done.rewritten(), file, done.kept()));
    }
  }
}

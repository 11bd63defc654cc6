package dev.chowder.secret;

import com.typesafe.config.Config;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.Database;
import dev.chowder.storage.StorageSettings;
import java.io.IOException;

/** Opens the database, and the secrets in it. */
public record StorageStep(Settings settings) implements StartupStep<StorageStep.Parts> {
  /** Settings of this step. */
  public record Settings(StorageSettings storage, SecretSettings secrets) {
    public static Settings of(Config root) {
      return new Settings(StorageSettings.from(root), SecretSettings.from(root));
    }
  }

  /** Started parts. */
  public record Parts(Database database, MasterKey masterKey, SecretStore secrets) {}

  @Override
  public Parts start(Startup startup) throws IOException {
    var database = startup.add("database", Database.open(settings.storage()));
    var masterKey = MasterKey.open(settings.secrets(), database);
    return new Parts(database, masterKey, new SecretStore(masterKey, database));
  }
}

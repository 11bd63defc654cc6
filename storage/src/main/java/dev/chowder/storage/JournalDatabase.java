package dev.chowder.storage;

import com.typesafe.config.Config;
import com.zaxxer.hikari.HikariDataSource;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.jdbc.db.SlickDatabase;
import org.apache.pekko.persistence.jdbc.db.SlickDatabaseProvider;
import scala.Option;
import slick.jdbc.JdbcBackend$;
import slick.jdbc.JdbcBackend.JdbcDatabaseDef;
import slick.jdbc.JdbcProfile;
import slick.util.AsyncExecutor$;

/**
 * Provides Pekko's journal, snapshots and read journal with connections to the database. They have
 * the same settings as Chowder's own tables but a separate pool, so a slow list never delays a
 * persist.
 *
 * <p>Pekko creates it, as configured in {@code chowder-pekko.conf}.
 */
public final class JournalDatabase implements SlickDatabaseProvider {
  private static final String NAME = "chowder-journal";

  private final SlickDatabase database;

  public JournalDatabase(ActorSystem system) {
    this(system, StorageSettings.from(system.settings().config()));
  }

  private JournalDatabase(ActorSystem system, StorageSettings settings) {
    int size = settings.journal().size();
    HikariDataSource pool = ConnectionPool.open(NAME, settings, settings.journal());
    var slick =
        JdbcBackend$.MODULE$
            .Database()
            .forDataSource(
                pool,
                Option.apply(size),
                // Slick needs as many threads as connections.
                AsyncExecutor$.MODULE$.apply(
                    NAME, size, size, settings.journalQueue(), size, false),
                false);
    system.registerOnTermination(
        () -> {
          slick.close();
          pool.close();
        });
    database = new Shared(slick, settings.dialect().journalProfile());
  }

  /** Ignores the plugin's own configuration, which does not contain the database. */
  @Override
  public SlickDatabase database(Config plugin) {
    return database;
  }

  /** Several plugins share it, so none of them may close it. */
  private record Shared(JdbcDatabaseDef database, JdbcProfile profile) implements SlickDatabase {
    @Override
    public boolean allowShutdown() {
      return false;
    }
  }
}

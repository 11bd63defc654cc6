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
 * Gives Pekko's journal, snapshots and read journal connections to the one database, by the same
 * settings as our own tables, and apart from theirs: a slow list can never hold up a persist.
 *
 * <p>Pekko makes it, as {@code chowder-pekko.conf} says.
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
                // Slick wants as many threads as connections.
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

  /** The plugin's own block says nothing of the database. */
  @Override
  public SlickDatabase database(Config plugin) {
    return database;
  }

  /** Several plugins use it: none of them may close it. */
  private record Shared(JdbcDatabaseDef database, JdbcProfile profile) implements SlickDatabase {
    @Override
    public boolean allowShutdown() {
      return false;
    }
  }
}

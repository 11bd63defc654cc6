package dev.chowder.server.crash;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Opens the connections of nodes that can die in this process. The URL of such a node names one run
 * of it, and is otherwise that of H2 or PostgreSQL.
 */
final class KillableDriver implements Driver {
  private static final Pattern RUN = Pattern.compile("[;?]RUN=(\\d+)$");
  private static final AtomicLong NEXT = new AtomicLong();
  private static final Map<Long, NodeConnections> RUNS = new ConcurrentHashMap<>();

  static {
    try {
      registerFirst();
    } catch (SQLException why) {
      throw new ExceptionInInitializerError(why);
    }
  }

  /** Registers this driver before those of H2 and PostgreSQL, which accept its URLs, too. */
  private static void registerFirst() throws SQLException {
    var others = Collections.list(DriverManager.getDrivers());
    for (var other : others) DriverManager.deregisterDriver(other);
    DriverManager.registerDriver(new KillableDriver());
    for (var other : others) DriverManager.registerDriver(other);
  }

  /** Returns the URL under which one run of a node connects to this database. */
  static String urlOf(String url, NodeConnections run) {
    long id = NEXT.incrementAndGet();
    RUNS.put(id, run);
    return url + (url.startsWith("jdbc:h2:") ? ";" : "?") + "RUN=" + id;
  }

  @Override
  public @Nullable Connection connect(String url, Properties properties) throws SQLException {
    var run = RUN.matcher(url);
    if (!run.find()) return null;
    var connections = Objects.requireNonNull(RUNS.get(Long.parseLong(run.group(1))));
    return connections.open(url.substring(0, run.start()), properties);
  }

  @Override
  public boolean acceptsURL(String url) {
    return RUN.matcher(url).find();
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }
}

package dev.chowder.server;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.storage.StorageException;
import java.io.IOException;
import java.net.BindException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a node from the configuration and the environment, and ends it cleanly on SIGTERM; with
 * arguments it does what an operator orders of the database, and ends.
 */
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private Main() {}

  /** A node takes no arguments: everything is configuration. */
  public static void main(String[] args) throws InterruptedException {
    try {
      if (args.length > 0) {
        StorageCommands.run(ConfigFactory.load(), List.of(args), System.out);
        return;
      }
      var chowder = Chowder.start(ConfigFactory.load());
      Runtime.getRuntime()
          .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(chowder::close));
    } catch (ConfigException | StorageException | MasterKeyException | IllegalArgumentException e) {
      die(String.valueOf(e.getMessage()));
    } catch (BindException e) {
      die("a port is taken: " + e.getMessage() + " (expected: a free one, see CHOWDER_GRPC_PORT)");
    } catch (IOException e) {
      die("not started: " + e.getMessage());
    }
    new CountDownLatch(1).await();
  }

  /** One sentence, and no stack trace: it is the environment that is at fault. */
  private static void die(String why) {
    LOG.error("{}", why);
    System.exit(1);
  }
}

package dev.chowder.server;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.ClusterNode;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.storage.StorageException;
import java.io.IOException;
import java.net.BindException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a node from the configuration and the environment, and ends it: cleanly on SIGTERM, at
 * once when the cluster goes on without it. Whoever supervises the process starts it again. With
 * arguments it does what an operator orders of the database, and ends.
 */
public final class Main {
  /**
   * The others go on without this node; started again it joins them. The EX_TEMPFAIL of sysexits.
   */
  public static final int LOST = 75;

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
      var _ = chowder.lost().thenAccept(Main::halt);
      Runtime.getRuntime()
          .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(chowder::close));
    } catch (ConfigException | StorageException | MasterKeyException | IllegalArgumentException e) {
      die(String.valueOf(e.getMessage()));
    } catch (BindException e) {
      die("cannot listen: " + e.getMessage() + "; choose a free port, see CHOWDER_GRPC_PORT");
    } catch (IOException e) {
      die("not started: " + e.getMessage());
    } catch (ClusterNode.NotJoinedException e) {
      die("not started: " + e.getMessage());
    }
    new CountDownLatch(1).await();
  }

  /** Without an orderly end: other nodes may be at this one's work already. */
  private static void halt(String why) {
    LOG.error("lost from the cluster: {}; the others go on, this process ends", why);
    Runtime.getRuntime().halt(LOST);
  }

  /** One sentence, and no stack trace: it is the environment that is at fault. */
  private static void die(String why) {
    LOG.error("{}", why);
    System.exit(1);
  }
}

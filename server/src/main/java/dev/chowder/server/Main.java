package dev.chowder.server;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.ClusterNode;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.storage.StorageException;
import java.io.IOException;
import java.net.BindException;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process of a node. Starts the node from the configuration and the environment, stops it in
 * order on SIGTERM, and halts at once if the cluster removes it; a supervisor then restarts the
 * process.
 */
public final class Main {
  /** Exit code (EX_TEMPFAIL) if the cluster removed this node; after a restart it joins again. */
  public static final int LOST = 75;

  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private Main() {}

  /** Runs a node. Takes no arguments. */
  public static void main(String[] args) throws InterruptedException {
    if (args.length > 0) {
      // Not the arguments themselves, which may contain a secret.
      die(must("arguments", "be none; \"chowder admin\" has the commands of operators"));
    }
    try {
      AotCache.log(LOG);
      var chowder = Chowder.start(ConfigFactory.load());
      var _ = chowder.lost().thenAccept(Main::halt);
      Runtime.getRuntime()
          .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(chowder::close));
      ServiceManager.ready(System.getenv(), "systemd-notify");
    } catch (ConfigException | StorageException | MasterKeyException | IllegalArgumentException e) {
      die(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      die(isPortTaken(e) ? cannotListen(e) : "not started: " + e.getMessage());
    } catch (ClusterNode.NotJoinedException e) {
      die("not started: " + e.getMessage());
    }
    new CountDownLatch(1).await();
  }

  /** gRPC's server throws no {@code BindException}. */
  private static boolean isPortTaken(IOException e) {
    return e instanceof BindException
        || String.valueOf(e.getMessage()).startsWith("Failed to bind to address");
  }

  private static String cannotListen(IOException e) {
    return cannot(
        "listen",
        String.valueOf(e.getMessage()),
        "choose free ports with CHOWDER_GRPC_PORT, CHOWDER_OPERATOR_PORT and CHOWDER_MONITORING_PORT");
  }

  /** Halts without an orderly shutdown: other nodes may already do this node's work. */
  private static void halt(String why) {
    LOG.error("the cluster removed this node: {}; the process halts", why);
    Runtime.getRuntime().halt(LOST);
  }

  /** Logs one sentence without a stack trace, since the environment is at fault, and exits. */
  private static void die(String why) {
    LOG.error("{}", why);
    System.exit(1);
  }
}

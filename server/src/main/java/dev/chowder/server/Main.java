package dev.chowder.server;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.ClusterNode;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.server.operator.OperatorCommandLine;
import dev.chowder.server.operator.StorageCommands;
import dev.chowder.storage.StorageException;
import java.io.IOException;
import java.net.BindException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process of a node. Starts the node from the configuration and the environment, stops it in
 * order on SIGTERM, and halts at once if the cluster removes it; a supervisor then restarts the
 * process. With arguments, calls the operator port of a node, or runs an operator's command on the
 * database, and exits.
 */
public final class Main {
  /** Exit code (EX_TEMPFAIL) if the cluster removed this node; after a restart it joins again. */
  public static final int LOST = 75;

  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private Main() {}

  /**
   * Runs a node without arguments. With arguments, runs {@link OperatorCommandLine} if the first
   * one is {@code operator}, else {@link StorageCommands}.
   */
  public static void main(String[] args) throws InterruptedException {
    try {
      if (args.length > 0 && args[0].equals("operator")) {
        var arguments = List.of(args).subList(1, args.length);
        if (!OperatorCommandLine.run(ConfigFactory.load(), arguments, System.out, System.err)) {
          System.exit(1);
        }
        return;
      }
      if (args.length > 0) {
        StorageCommands.run(ConfigFactory.load(), List.of(args), System.out);
        return;
      }
      AotCache.log(LOG);
      var chowder = Chowder.start(ConfigFactory.load());
      var _ = chowder.lost().thenAccept(Main::halt);
      Runtime.getRuntime()
          .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(chowder::close));
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

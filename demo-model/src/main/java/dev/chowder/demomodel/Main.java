package dev.chowder.demomodel;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Starts the demo model from the command line. */
public final class Main {
  private Main() {}

  /**
   * Listens until the process is stopped. Exits with 2 and one sentence on standard error if an
   * argument is invalid or the server cannot listen on the address.
   */
  public static void main(String[] arguments) throws InterruptedException {
    DemoModelServer server;
    try {
      DemoModelSettings settings = DemoModelSettings.parse(List.of(arguments), System.getenv());
      server = DemoModelServer.start(settings);
      System.out.println("demo model on " + settings.bind().getHostString() + ":" + server.port());
    } catch (IllegalArgumentException | IOException refused) {
      System.err.println("demo model: " + refused.getMessage());
      System.exit(2);
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(server::close));
    new CountDownLatch(1).await();
  }
}

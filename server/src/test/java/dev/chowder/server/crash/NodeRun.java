package dev.chowder.server.crash;

import dev.chowder.base.Failpoints;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxHost;
import dev.chowder.sandbox.SandboxTasks;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One run of a node in the process of a test. It ends as {@code kill -9} ends a process: from that
 * moment every call of the node's engine, database and clock, and every failpoint, ends its thread.
 * The simulated host and the stored data stay as they are.
 *
 * <p>Threads of the node do not notice the death of one of these before the others are dead, too.
 * Otherwise a thread could react to a failure, as no thread of a killed process can: calls after
 * the death wait until the database is cut off.
 *
 * <p>Cannot cut the node's open connections to gateways. They close when the rest of the node is
 * discarded, before another node starts.
 */
public final class NodeRun {
  /** Interfaces of an engine. */
  private static final Set<Class<?>> PARTS =
      Set.of(SandboxTasks.class, SandboxHomes.class, SandboxHost.class, HomeFolder.class);

  private final Predicate<String> diesAt;
  private final CompletableFuture<String> cause = new CompletableFuture<>();
  private final CompletableFuture<Void> dead = new CompletableFuture<>();
  private final NodeConnections connections = new NodeConnections();
  private final Clock clock = new KillableClock(Clock.systemUTC());
  private final Failpoints failpoints = Failpoints.of(this::hit);

  /**
   * Begins a run.
   *
   * @param diesAt receives the name of each failpoint that the node reaches, and returns whether it
   *     dies there
   */
  public NodeRun(Predicate<String> diesAt) {
    this.diesAt = diesAt;
  }

  public Clock clock() {
    return clock;
  }

  public Failpoints failpoints() {
    return failpoints;
  }

  /** Returns the URL with which the node connects to this database. */
  public String url(String databaseUrl) {
    return KillableDriver.urlOf(databaseUrl, connections);
  }

  /** Returns the engine of the node. Closing it does not end the host. */
  public SandboxEngine engine(SandboxEngine host) {
    return (SandboxEngine) around(SandboxEngine.class, host);
  }

  /** Returns a connection to the node on which no reply arrives after its death. */
  public Channel channel(Channel connection) {
    return ClientInterceptors.intercept(connection, new LostReplies(this));
  }

  /** Lets a thread of its own run this when the node is dead. */
  public void whenDead(Runnable action) {
    var _ = dead.thenRunAsync(action, Thread.ofPlatform()::start);
  }

  /** Returns a stage that completes with the reason when the node starts to die. */
  CompletableFuture<String> cause() {
    return cause.copy();
  }

  public boolean isOver() {
    return cause.isDone();
  }

  /** Ends the run, and returns when nothing that the node still does has an effect. */
  public void end(String why) {
    if (cause.complete(why)) {
      // The caller may hold a connection. Its thread could not close it from outside.
      Thread.ofPlatform()
          .name("death of a node")
          .start(
              () -> {
                try {
                  connections.cut();
                  dead.complete(null);
                } catch (RuntimeException failed) {
                  dead.completeExceptionally(failed);
                }
              });
    }
    awaitDeath();
  }

  private void awaitDeath() {
    boolean interrupted = false;
    while (true) {
      try {
        dead.get();
        break;
      } catch (InterruptedException notNow) {
        interrupted = true;
      } catch (ExecutionException why) {
        throw new AssertionError(why.getCause());
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  private void hit(String failpoint) {
    check();
    if (diesAt.test(failpoint)) {
      end(failpoint);
      check();
    }
  }

  /** Ends the thread of a dead node. */
  private void check() {
    if (!isOver()) return;
    awaitDeath();
    throw new NodeDied(cause.join());
  }

  private Object around(Class<?> part, Object target) {
    return Proxy.newProxyInstance(
        part.getClassLoader(),
        new Class<?>[] {part},
        (_, verb, arguments) -> {
          if (verb.getDeclaringClass() == Object.class) return invoke(target, verb, arguments);
          if (verb.getName().equals("close")) return null;
          check();
          if (verb.getName().equals("watch")) arguments[0] = watcher(arguments[0]);
          var result = invoke(target, verb, arguments);
          // A process that died while the engine worked does not learn the result.
          check();
          return PARTS.contains(verb.getReturnType())
              ? around(verb.getReturnType(), result)
              : result;
        });
  }

  private static Object invoke(Object target, Method verb, Object[] arguments) throws Throwable {
    try {
      return verb.invoke(target, arguments);
    } catch (InvocationTargetException thrown) {
      throw thrown.getTargetException();
    }
  }

  @SuppressWarnings("unchecked") // The only parameter of SandboxEngine.watch.
  private Consumer<SandboxEvent> watcher(Object watcher) {
    return event -> {
      if (!isOver()) ((Consumer<SandboxEvent>) watcher).accept(event);
    };
  }

  private final class KillableClock extends Clock {
    private final Clock real;

    KillableClock(Clock real) {
      this.real = real;
    }

    @Override
    public Instant instant() {
      check();
      return real.instant();
    }

    @Override
    public ZoneId getZone() {
      return real.getZone();
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return new KillableClock(real.withZone(zone));
    }
  }
}

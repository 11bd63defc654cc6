package dev.chowder.sandbox;

import dev.chowder.base.Failpoints;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.Consumer;

/**
 * Calls a failpoint before and after each call to an engine. The names are {@code
 * engine.<verb>.before} and {@code engine.<verb>.after}, the latter only if the call succeeded.
 * This proxy covers every method of {@link #PARTS}, so a new one has failpoints without extra code.
 */
public final class FailpointEngine {
  /** The interfaces of an engine. A call that only returns one of them has no failpoint. */
  public static final List<Class<?>> PARTS =
      List.of(SandboxEngine.class, SandboxTasks.class, SandboxHomes.class, SandboxHost.class);

  private FailpointEngine() {}

  /** Returns the engine with failpoints, or the engine itself for a node without failpoints. */
  public static SandboxEngine around(SandboxEngine engine, Failpoints failpoints) {
    return failpoints.inUse() ? around(engine, failpoints::hit) : engine;
  }

  static SandboxEngine around(SandboxEngine engine, Consumer<String> failpoint) {
    return (SandboxEngine) around(SandboxEngine.class, engine, failpoint);
  }

  private static Object around(Class<?> part, Object target, Consumer<String> failpoint) {
    return Proxy.newProxyInstance(
        part.getClassLoader(),
        new Class<?>[] {part},
        (proxy, verb, arguments) -> {
          var name = "engine." + verb.getName();
          boolean isPart = PARTS.contains(verb.getReturnType());
          boolean isCall = verb.getDeclaringClass() != Object.class && !isPart;
          if (isCall) failpoint.accept(name + Failpoints.BEFORE);
          Object result;
          try {
            result = verb.invoke(target, arguments);
          } catch (InvocationTargetException thrown) {
            throw thrown.getTargetException();
          }
          if (isCall) failpoint.accept(name + Failpoints.AFTER);
          return isPart ? around(verb.getReturnType(), result, failpoint) : result;
        });
  }
}

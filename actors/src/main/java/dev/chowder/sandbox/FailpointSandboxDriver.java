package dev.chowder.sandbox;

import dev.chowder.actor.Failpoints;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/**
 * Puts a failpoint before and after every verb of a driver: {@code driver.<verb>.before} and {@code
 * driver.<verb>.after}, the latter only when the verb succeeded. A verb that is added to {@link
 * SandboxDriver} has its failpoints at once.
 */
public final class FailpointSandboxDriver {
  private FailpointSandboxDriver() {}

  /** The driver itself in a process without failpoints. */
  public static SandboxDriver around(SandboxDriver driver) {
    return Failpoints.inUse() ? around(driver, Failpoints::hit) : driver;
  }

  static SandboxDriver around(SandboxDriver driver, Consumer<String> place) {
    return (SandboxDriver)
        Proxy.newProxyInstance(
            SandboxDriver.class.getClassLoader(),
            new Class<?>[] {SandboxDriver.class},
            (proxy, verb, arguments) -> {
              var name = "driver." + verb.getName();
              boolean ours = verb.getDeclaringClass() != Object.class;
              if (ours) place.accept(name + Failpoints.BEFORE);
              Object result;
              try {
                result = verb.invoke(driver, arguments);
              } catch (InvocationTargetException thrown) {
                throw thrown.getTargetException();
              }
              if (ours) place.accept(name + Failpoints.AFTER);
              return result;
            });
  }
}

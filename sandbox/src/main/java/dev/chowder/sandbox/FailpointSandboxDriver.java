package dev.chowder.sandbox;

import dev.chowder.base.Failpoints;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/**
 * Calls a failpoint before and after each call to a driver. The names are {@code
 * driver.<verb>.before} and {@code driver.<verb>.after}, the latter only if the call succeeded.
 * This proxy covers every method of {@link SandboxDriver}, so a new one has failpoints without
 * extra code.
 */
public final class FailpointSandboxDriver {
  private FailpointSandboxDriver() {}

  /** Returns the driver with failpoints, or the driver itself in a process without failpoints. */
  public static SandboxDriver around(SandboxDriver driver) {
    return Failpoints.inUse() ? around(driver, Failpoints::hit) : driver;
  }

  static SandboxDriver around(SandboxDriver driver, Consumer<String> failpoint) {
    return (SandboxDriver)
        Proxy.newProxyInstance(
            SandboxDriver.class.getClassLoader(),
            new Class<?>[] {SandboxDriver.class},
            (proxy, verb, arguments) -> {
              var name = "driver." + verb.getName();
              boolean isDriverCall = verb.getDeclaringClass() != Object.class;
              if (isDriverCall) failpoint.accept(name + Failpoints.BEFORE);
              Object result;
              try {
                result = verb.invoke(driver, arguments);
              } catch (InvocationTargetException thrown) {
                throw thrown.getTargetException();
              }
              if (isDriverCall) failpoint.accept(name + Failpoints.AFTER);
              return result;
            });
  }
}

package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;

import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEngine;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.stream.Stream;

/** An engine whose gateways close an idle database after a minute. */
final class EarlyClose {
  private EarlyClose() {}

  /** Adds a variable of the image to the environment of gateways. */
  static SandboxEngine of(SandboxEngine engine) {
    return (SandboxEngine)
        Proxy.newProxyInstance(
            SandboxEngine.class.getClassLoader(),
            new Class<?>[] {SandboxEngine.class},
            (_, method, args) -> {
              try {
                return method.invoke(engine, args == null ? null : changed(args));
              } catch (InvocationTargetException why) {
                throw why.getCause();
              }
            });
  }

  private static Object[] changed(Object[] args) {
    return Stream.of(args)
        .map(arg -> arg instanceof ProcessSpec gateway ? changed(gateway) : arg)
        .toArray();
  }

  private static ProcessSpec changed(ProcessSpec gateway) {
    var environment = new HashMap<>(gateway.environment());
    environment.put("CHOWDER_DATABASE_IDLE_MS", "60000");
    return new ProcessSpec(
        gateway.snapshot(),
        gateway.organizationId(),
        gateway.command(),
        environment,
        gateway.port(),
        OPENCLAW);
  }
}

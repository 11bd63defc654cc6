package dev.chowder.server.metrics;

import dev.chowder.sandbox.FailpointEngine;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxHost;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures each call to an engine with {@code chowder_engine_seconds} (by verb and result), and
 * whether the engine responded to the last one with {@code chowder_engine_up}. The host of the
 * engine is not measured: its calls read files of the kernel.
 */
public final class EngineMetrics {
  private static final String OK = "ok";

  private final MeterRegistry metrics;
  private final AtomicInteger up;

  private EngineMetrics(MeterRegistry metrics) {
    this.metrics = metrics;
    this.up = metrics.gauge("chowder.engine.up", new AtomicInteger(1));
  }

  /** Returns the engine with measured calls. */
  public static SandboxEngine around(SandboxEngine engine, MeterRegistry metrics) {
    return (SandboxEngine) new EngineMetrics(metrics).around(SandboxEngine.class, engine);
  }

  private Object around(Class<?> part, Object target) {
    return Proxy.newProxyInstance(
        part.getClassLoader(),
        new Class<?>[] {part},
        (proxy, verb, arguments) -> {
          boolean isPart = FailpointEngine.PARTS.contains(verb.getReturnType());
          if (isPart || verb.getDeclaringClass() == Object.class) {
            var result = invoke(target, verb, arguments);
            return isPart && verb.getReturnType() != SandboxHost.class
                ? around(verb.getReturnType(), result)
                : result;
          }
          long begun = System.nanoTime();
          var result = "ERROR";
          try {
            var value = invoke(target, verb, arguments);
            result = OK;
            return value;
          } catch (SandboxException why) {
            result = why.reason().name();
            throw why;
          } finally {
            record(verb.getName(), result, System.nanoTime() - begun);
          }
        });
  }

  private static Object invoke(Object target, Method verb, Object[] arguments) throws Throwable {
    try {
      return verb.invoke(target, arguments);
    } catch (InvocationTargetException thrown) {
      throw thrown.getTargetException();
    }
  }

  private void record(String verb, String result, long nanos) {
    if (result.equals(SandboxException.Reason.ENGINE_UNREACHABLE.name())) {
      up.set(0);
    } else if (result.equals(OK) && !verb.equals("ref")) {
      // A reference may come from a cache.
      up.set(1);
    }
    Timer.builder("chowder.engine")
        .description("Duration of calls to the engine")
        .tag("verb", verb)
        .tag("result", result)
        .register(metrics)
        .record(nanos, TimeUnit.NANOSECONDS);
  }
}

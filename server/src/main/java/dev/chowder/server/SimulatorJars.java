package dev.chowder.server;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.sandbox.SandboxEngine;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads the engine of simulated sandboxes, whose jars releases do not contain. It has a class
 * loader of its own, so that the class path of a node is the same with and without it: a node with
 * another class path would reject its AOT cache.
 */
final class SimulatorJars {
  private static final String SETTING = "chowder.sandbox.simulator";
  private static final String PACKAGE = "dev.chowder.simulator.";
  private static final String ALL_JARS = File.separator + "*";

  private SimulatorJars() {}

  /** Creates the engine. Its class loader stays open until the process ends. */
  static SandboxEngine load(Config config) {
    var classPath = config.getString(SETTING);
    if (classPath.isEmpty()) {
      throw new IllegalArgumentException(
          must(SETTING, "be set for the engine simulated, to the class path of the simulator"));
    }
    try {
      var loader =
          new URLClassLoader("simulator", urls(classPath), SimulatorJars.class.getClassLoader());
      var settings = loader.loadClass(PACKAGE + "FakeSandboxSettings");
      return (SandboxEngine)
          loader
              .loadClass(PACKAGE + "SimulatedEngine")
              .getConstructor(settings)
              .newInstance(settings.getMethod("from", Config.class).invoke(null, config));
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(
          cannot("read " + SETTING, String.valueOf(unreadable)), unreadable);
    } catch (InvocationTargetException failed) {
      if (failed.getCause() instanceof RuntimeException why) throw why;
      throw new IllegalStateException(failed);
    } catch (ReflectiveOperationException missing) {
      throw new IllegalArgumentException(
          must(SETTING, "contain the jar of the simulator", classPath), missing);
    }
  }

  private static URL[] urls(String classPath) throws IOException {
    var urls = new ArrayList<URL>();
    for (var entry : classPath.split(File.pathSeparator, -1)) {
      for (var path : jars(entry)) urls.add(url(path));
    }
    return urls.toArray(URL[]::new);
  }

  /** Returns the jars of a folder, or the entry itself. */
  private static List<Path> jars(String entry) throws IOException {
    if (!entry.endsWith(ALL_JARS)) return List.of(Path.of(entry));
    var folder = Path.of(entry.substring(0, entry.length() - ALL_JARS.length()));
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
  }

  private static URL url(Path path) throws MalformedURLException {
    return path.toUri().toURL();
  }
}

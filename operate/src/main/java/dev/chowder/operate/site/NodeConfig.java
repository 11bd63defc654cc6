package dev.chowder.operate.site;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.TreeMap;

/** The configuration of a node, from the variables of an installation. */
public final class NodeConfig {
  private NodeConfig() {}

  /**
   * Returns what a node with these variables reads. The library itself would use the variables of
   * this process.
   */
  public static Config of(Variables variables) {
    var settings = new TreeMap<String, Object>();
    variables
        .all()
        .forEach(
            (name, value) -> {
              if (name.startsWith("CHOWDER_")) settings.put(name, value);
            });
    return ConfigFactory.defaultOverrides()
        // The file of -Dconfig.file, which nodes read, too.
        .withFallback(ConfigFactory.defaultApplication())
        .withFallback(ConfigFactory.parseMap(settings))
        .withFallback(ConfigFactory.defaultReferenceUnresolved())
        .resolve();
  }
}

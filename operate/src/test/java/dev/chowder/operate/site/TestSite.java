package dev.chowder.operate.site;

import dev.chowder.cli.output.Notices;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * An installation in a folder of a test, and the messages of its commands.
 *
 * @param caller the variables of the caller
 */
public record TestSite(Path folder, Map<String, String> caller, ByteArrayOutputStream said) {
  /**
   * Creates it, with the id {@code test}, and the state directory and the caches in the folder.
   *
   * @param more further variables of the caller, or other values
   */
  public static TestSite in(Path folder, Map<String, String> more) {
    var caller = new HashMap<>(System.getenv());
    caller.keySet().removeIf(name -> name.startsWith("CHOWDER_") || name.equals("DOCKER_HOST"));
    caller.put("CHOWDER_HOME", folder.resolve("home").toString());
    caller.put("CHOWDER_CACHE", folder.resolve("cache").toString());
    caller.putAll(more);
    return new TestSite(folder, Map.copyOf(caller), new ByteArrayOutputStream());
  }

  /** Returns a new site, whose variables have no changes of others. */
  public Site site() {
    var variables = Variables.of(caller);
    variables.set("CHOWDER_CLUSTER_ID", "test");
    var root = Path.of("..").toAbsolutePath().normalize();
    var java = Path.of(System.getProperty("java.home"));
    var layout =
        new Layout(root, folder.resolve("app"), java, Path.of(variables.get("CHOWDER_CACHE")));
    return new Site(layout, variables, new Notices(said, false));
  }

  /** Returns all messages so far. */
  public String messages() {
    return said.toString(StandardCharsets.UTF_8);
  }
}

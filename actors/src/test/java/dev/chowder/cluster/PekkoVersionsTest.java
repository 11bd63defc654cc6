package dev.chowder.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Replaces Pekko's own check at startup, which is switched off because one module is not published
 * in the version of the others.
 */
class PekkoVersionsTest {
  /** Modules with their own releases. */
  private static final Pattern APART =
      Pattern.compile("pekko-(http|management|parsing|persistence-jdbc).*");

  private static final Pattern JAR = Pattern.compile("(pekko-[a-z0-9-]+)_2\\.13-([0-9.]+)\\.jar");

  @Test
  void allModulesOfPekkoAgreeButDiscovery() {
    Map<String, String> versions = new TreeMap<>();
    Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .map(entry -> JAR.matcher(new File(entry).getName()))
        .filter(jar -> jar.matches() && !APART.matcher(jar.group(1)).matches())
        .forEach(jar -> versions.put(jar.group(1), jar.group(2)));
    var actor = versions.get("pekko-actor");
    assertThat(versions).containsKeys("pekko-cluster", "pekko-remote", "pekko-discovery");
    versions.remove("pekko-discovery");
    assertThat(versions.values()).containsOnly(actor);
  }
}

package dev.chowder.checks.dependency;

import static java.util.Comparator.comparing;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A package that ships with Chowder.
 *
 * @param ecosystem OSV's name of its registry: Maven, npm, PyPI, or {@code Debian:13} for a source
 *     package
 * @param name with the group, for Maven: {@code GROUP:ARTIFACT}
 * @param licences as the package declares them; one of them applies. Empty if it declares none
 */
public record ShippedPackage(String ecosystem, String name, String version, List<String> licences)
    implements Comparable<ShippedPackage> {
  private static final Comparator<ShippedPackage> ORDER =
      comparing(ShippedPackage::ecosystem)
          .thenComparing(ShippedPackage::licences, ShippedPackage::compareLists)
          .thenComparing(ShippedPackage::name)
          .thenComparing(ShippedPackage::version);

  /** The beginning of the ecosystem of Debian packages, before the number of the release. */
  static final String DEBIAN = "Debian:";

  public ShippedPackage {
    licences = List.copyOf(licences);
  }

  /** Returns the beginning of the name of its jar. */
  String jar() {
    return name.substring(name.lastIndexOf(':') + 1) + "-" + version;
  }

  boolean isJar() {
    return ecosystem.equals("Maven");
  }

  boolean isDebian() {
    return ecosystem.startsWith(DEBIAN);
  }

  boolean isSame(String otherName, String otherVersion) {
    return name.equals(otherName) && version.equals(otherVersion);
  }

  /** Returns the package URL (purl), such as {@code pkg:npm/%40scope/name@1.0}. */
  String url() {
    if (isDebian()) {
      return "pkg:deb/debian/%s@%s?distro=debian-%s"
          .formatted(encoded(name), encoded(version), ecosystem.substring(DEBIAN.length()));
    }
    var type =
        switch (ecosystem) {
          case "Maven" -> "maven";
          case "npm" -> "npm";
          case "PyPI" -> "pypi";
          default -> throw new IllegalStateException("no package URL is known for " + ecosystem);
        };
    var parts = Stream.of(name.split(isJar() ? ":" : "/", -1));
    var path = parts.map(ShippedPackage::encoded).collect(Collectors.joining("/"));
    return "pkg:%s/%s@%s".formatted(type, path, encoded(version));
  }

  @Override
  public int compareTo(ShippedPackage other) {
    return ORDER.compare(this, other);
  }

  private static int compareLists(List<String> one, List<String> other) {
    for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
      int result = one.get(i).compareTo(other.get(i));
      if (result != 0) return result;
    }
    return Integer.compare(one.size(), other.size());
  }

  /** URLEncoder encodes forms, which differ from URLs in three characters. */
  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("*", "%2A")
        .replace("%7E", "~");
  }
}

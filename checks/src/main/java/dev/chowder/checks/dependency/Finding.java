package dev.chowder.checks.dependency;

/**
 * A licence or a vulnerability of a package that must be accepted or repaired.
 *
 * @param name the name of the package
 * @param finding {@code licence NAME}, or OSV's id of a vulnerability
 * @param summary what the finding means, for people
 */
record Finding(String name, String version, String finding, String summary) {
  /** Licences are known without a lookup. */
  static final String LICENCE = "licence ";

  @Override
  public String toString() {
    return "%s %s: %s (%s)".formatted(name, version, finding, summary);
  }
}

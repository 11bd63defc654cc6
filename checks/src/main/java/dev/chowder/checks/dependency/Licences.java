package dev.chowder.checks.dependency;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.checks.Project;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Writes the licences of the packages in a release. A package gets the files of its jar, or the
 * text of the licence that it declares.
 */
public record Licences(Path texts, Path chowder, Properties copyrights) {
  private static final Pattern TEXT =
      Pattern.compile("(?:.*/)?((?:licen[sc]e|copying|notice|about)[^/]*)");
  private static final Pattern PLACEHOLDER = Pattern.compile("(?m)^Copyright .*<.*$");

  /** Other names of licences. Bouncy Castle's has the text of the MIT licence. */
  private static final Map<String, String> IDS =
      Map.of("Bouncy Castle Licence", "MIT", "Go License", "BSD-3-Clause");

  /** Licences whose copyright line must be passed on. */
  private static final Set<String> WITH_COPYRIGHT =
      Set.of("MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause");

  /**
   * Reads the texts of the project.
   *
   * @throws IOException if a file is missing
   */
  static Licences of(Project project) throws IOException {
    var texts = project.file("checks/licences");
    var copyrights = new Properties();
    try (Reader file = Files.newBufferedReader(texts.resolve("copyrights.properties"))) {
      copyrights.load(file);
    }
    return new Licences(texts, project.file("LICENSE"), copyrights);
  }

  /**
   * Writes the licences of a release.
   *
   * @param app the folder with the jars; Envoy's licence is written, too
   * @param to the folder for the texts
   */
  public static void write(Path app, Path to) throws IOException {
    var project = Project.here();
    var jars = jars(app);
    var shipped = PackageLists.shipped(PackageLists.of(project), jars.keySet());
    of(project).write(shipped, jars, to);
  }

  static Map<String, Path> jars(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".jar"))
          .filter(file -> !file.getFileName().toString().startsWith("chowder-"))
          .collect(
              Collectors.toMap(
                  file -> file.getFileName().toString(),
                  file -> file,
                  (one, _) -> one,
                  TreeMap::new));
    }
  }

  /**
   * Writes a folder for each package with a licence, and a list of all packages.
   *
   * @throws IllegalStateException if the text of a licence is not known
   */
  void write(List<ShippedPackage> packages, Map<String, Path> jars, Path to) throws IOException {
    var list =
        new StringBuilder(
            "# Packages in this release\n\n| package | version | licence |\n|---|---|---|\n");
    for (var one : packages) {
      if (one.ecosystem().equals("npm")) continue;
      list.append(
          "| %s | %s | %s |\n"
              .formatted(one.name(), one.version(), String.join(", ", one.licences())));
      var files = new ArrayList<Path>();
      for (var jar : jars.entrySet()) {
        if (jar.getKey().startsWith(one.jar())) files.add(jar.getValue());
      }
      write(one, files, Files.createDirectories(to.resolve(one.jar())));
    }
    Files.writeString(to.resolve("THIRD-PARTY.md"), list);
  }

  private void write(ShippedPackage one, List<Path> jars, Path to) throws IOException {
    boolean hasLicence = false;
    for (var jar : jars) hasLicence |= extract(jar, to);
    if (!hasLicence) Files.writeString(to.resolve("LICENSE"), text(one));
  }

  /** Copies the licences and notices of a jar, and returns whether there is a licence. */
  private static boolean extract(Path jar, Path to) throws IOException {
    boolean hasLicence = false;
    try (var file = new ZipFile(jar.toFile())) {
      for (ZipEntry entry :
          (Iterable<ZipEntry>) file.stream().map(ZipEntry.class::cast)::iterator) {
        var name = TEXT.matcher(entry.getName().toLowerCase(Locale.ROOT));
        if (entry.isDirectory() || entry.getName().endsWith(".class") || !name.matches()) continue;
        var copy = to.resolve(name.group(1));
        try (var content = file.getInputStream(entry)) {
          if (!Files.exists(copy)) Files.copy(content, copy);
        }
        hasLicence |= !name.group(1).startsWith("notice");
      }
    }
    return hasLicence;
  }

  /** Returns the text of the first declared licence that is known. */
  private String text(ShippedPackage one) throws IOException {
    var artifact = one.name().substring(one.name().lastIndexOf(':') + 1);
    var copyright = copyrights.getProperty(artifact, "");
    for (var declared : one.licences()) {
      var id = IDS.getOrDefault(declared, declared);
      if (id.equals("Apache-2.0")) return withCopyright(copyright, Files.readString(chowder));
      var file = texts.resolve(id + ".txt");
      if (!Files.exists(file)) continue;
      var text = Files.readString(file);
      if (!WITH_COPYRIGHT.contains(id)) return withCopyright(copyright, text);
      if (copyright.isEmpty()) continue;
      return withCopyright(copyright, PLACEHOLDER.matcher(text).replaceFirst("").strip() + "\n");
    }
    throw new IllegalStateException(
        cannot(
            "write the licence of " + one.name(),
            "its jar has none, and checks/licences has no text of " + one.licences(),
            "add the text, or a line to copyrights.properties"));
  }

  private static String withCopyright(String copyright, String text) {
    return copyright.isEmpty() ? text : copyright + "\n\n" + text;
  }
}

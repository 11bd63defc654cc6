package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.apidocs.ApiDescriptors;
import dev.chowder.apidocs.RestCall;
import dev.chowder.settings.SettingNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that everything that the documents name exists: files, headings, classes, settings,
 * variables, and the calls of the README. Does not check whether the documents are true.
 */
class DocumentsTest {
  private static final Path ROOT = Path.of("..");
  private static final Path UNITS = ROOT.resolve("deploy/systemd");
  private static final List<String> OTHER_SOURCES = List.of("envoy", "scripts", "image", "deploy");
  private static final Pattern FENCE = Pattern.compile("```.*?```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+?) *$");
  private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][\\w.]*(?:\\(\\w*\\))?");
  private static final Pattern SETTING = Pattern.compile("chowder(?:\\.[a-z]+[a-z-]*)+");
  private static final Pattern FILE =
      Pattern.compile("(?:[a-z-]+/(?:src|target)|envoy|image|scripts|docs)/[\\w./-]*");
  private static final Pattern WORD = Pattern.compile("\\w+");
  private static final Pattern CALLED = Pattern.compile("(?:\\$API|:8080/v1)(/[^\\s\"'?]*)");

  @Test
  void everyLinkHasATarget() throws IOException {
    var broken = new ArrayList<String>();
    for (var document : allDocuments()) {
      for (var link : all(LINK, withoutFences(document))) {
        if (!link.startsWith("http") && !leadsSomewhere(document, link)) {
          broken.add(document + ": " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void everyNamedFileClassSettingAndVariableExists() throws IOException {
    var settings = ConfigFactory.load();
    // The changelog names them.
    var removed = SettingNames.removed();
    var words = words();
    var unknown = new ArrayList<String>();
    for (var document : documents()) {
      // A decision that no longer holds names what was removed with it.
      if (withoutFences(document).contains("\nStatus: superseded by [")) continue;
      for (var code : all(CODE, withoutFences(document))) {
        boolean known =
            SETTING.matcher(code).matches()
                ? settings.hasPath(code)
                    || removed.containsKey(code)
                    || Files.exists(UNITS.resolve(code))
                : FILE.matcher(code).matches()
                    ? Files.exists(ROOT.resolve(code)) || isBuilt(code)
                    : !isOurName(code)
                        || Files.exists(ROOT.resolve(code))
                        || words.containsAll(all(WORD, code));
        if (!known) unknown.add(document + ": " + code);
      }
    }
    assertThat(unknown).isEmpty();
  }

  @Test
  void everyCallInTheReadmeExists() throws IOException {
    var patterns =
        ApiDescriptors.read().services().stream()
            .flatMap(service -> service.getMethods().stream())
            .flatMap(method -> RestCall.of(method).stream())
            .map(RestCall::path)
            .map(path -> Pattern.compile(path.replaceAll("\\{[^}]*}", "[^/]+")))
            .toList();
    var calls =
        all(CALLED, Files.readString(ROOT.resolve("README.md"))).stream()
            .map(path -> "/v1" + path.replaceAll("\\{[^}]*}", "ID").replaceAll("/$", ""))
            .toList();
    assertThat(calls)
        .hasSizeGreaterThan(1)
        .allSatisfy(
            call ->
                assertThat(patterns).as(call).anyMatch(pattern -> pattern.matcher(call).matches()));
  }

  /** Checks the file of a link, and in a Markdown file also the heading. */
  private static boolean leadsSomewhere(Path document, String link) throws IOException {
    var parts = link.split("#", 2);
    var target = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]);
    if (!Files.exists(target)) return false;
    return parts.length == 1 || !isMarkdown(target) || anchors(target).contains(parts[1]);
  }

  /** Returns the anchors that GitHub gives the headings of a document. */
  private static Set<String> anchors(Path document) throws IOException {
    var anchors = new HashSet<String>();
    for (var heading : all(HEADING, withoutFences(document))) {
      var anchor =
          heading
              .toLowerCase(Locale.ROOT)
              .replaceAll("]\\([^)]*\\)", "")
              .replaceAll("[^\\p{L}\\p{N}_ -]", "")
              .replace(' ', '-');
      var unique = anchor;
      for (int n = 1; !anchors.add(unique); n++) unique = anchor + "-" + n;
    }
    return anchors;
  }

  private static String withoutFences(Path document) throws IOException {
    return FENCE.matcher(Files.readString(document)).replaceAll("");
  }

  private static boolean isMarkdown(Path path) {
    return path.getFileName().toString().endsWith(".md");
  }

  private static boolean isBuilt(String path) {
    return path.contains("/target/");
  }

  /**
   * Classes, methods and variables contain a capital letter; commands and words of others may not.
   */
  private static boolean isOurName(String code) {
    return IDENTIFIER.matcher(code).matches() && !code.equals(code.toLowerCase(Locale.ROOT));
  }

  private static List<String> sources() throws IOException {
    return Stream.concat(MavenModules.names().stream(), OTHER_SOURCES.stream()).toList();
  }

  private static List<String> all(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(result -> result.group(result.groupCount()))
        .toList();
  }

  private static List<Path> documents() throws IOException {
    try (var top = Files.list(ROOT);
        var inner = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(top, inner).filter(DocumentsTest::isMarkdown).toList();
    }
  }

  /** Returns all documents, including those next to the sources. */
  private static List<Path> allDocuments() throws IOException {
    var all = new ArrayList<>(documents());
    for (var module : sources()) {
      try (var files = Files.walk(ROOT.resolve(module))) {
        files
            .filter(DocumentsTest::isMarkdown)
            .filter(path -> !path.toString().contains("/target/"))
            .filter(path -> !path.toString().contains("/node_modules/"))
            .forEach(all::add);
      }
    }
    return all;
  }

  private static Set<String> words() throws IOException {
    var words = new HashSet<String>();
    for (var part : sources()) {
      try (var files = Files.walk(ROOT.resolve(part))) {
        for (var file : files.filter(DocumentsTest::isSource).toList()) {
          WORD.matcher(Files.readString(file))
              .results()
              .map(MatchResult::group)
              .forEach(words::add);
        }
      }
    }
    return words;
  }

  private static boolean isSource(Path path) {
    return Files.isRegularFile(path)
        && !path.toString().contains("/target/")
        && !path.toString().contains("/node_modules/")
        // Recorded data, part of it compressed.
        && !path.toString().contains("/installations/")
        && !path.getFileName().toString().equals("DocumentsTest.java");
  }
}

package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
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
 * Whether what the documents name is there: files, classes, settings, variables, and the calls of
 * the README. It cannot tell whether what they say about it is true.
 */
class DocumentsTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern FENCE = Pattern.compile("```.*?```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("]\\(([^)#]+)[^)]*\\)");
  private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][\\w.]*(?:\\(\\w*\\))?");
  private static final Pattern SETTING = Pattern.compile("chowder(?:\\.[a-z]+[a-z-]*)+");
  private static final Pattern FILE =
      Pattern.compile("(?:proto|actors|server|demo-model|envoy|image|scripts|docs)/[\\w./-]*");
  private static final Pattern WORD = Pattern.compile("\\w+");
  private static final Pattern CALLED = Pattern.compile("(?:\\$API|:8080/v1)(/[^\\s\"'?]*)");

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    var broken = new ArrayList<String>();
    for (var document : documents()) {
      for (var link : all(LINK, Files.readString(document))) {
        boolean outside = link.startsWith("http");
        if (!outside && !Files.exists(document.resolveSibling(link))) {
          broken.add(document + ": " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void everyFileClassSettingAndVariableThatIsNamedIsThere() throws IOException {
    var settings = ConfigFactory.load();
    var words = words();
    var unknown = new ArrayList<String>();
    for (var document : documents()) {
      for (var code : all(CODE, FENCE.matcher(Files.readString(document)).replaceAll(""))) {
        boolean known =
            SETTING.matcher(code).matches()
                ? settings.hasPath(code)
                : FILE.matcher(code).matches()
                    ? Files.exists(ROOT.resolve(code)) || isBuilt(code)
                    : !isOurName(code) || words.containsAll(all(WORD, code));
        if (!known) unknown.add(document + ": " + code);
      }
    }
    assertThat(unknown).isEmpty();
  }

  @Test
  void everyCallInTheReadmeIsOneOfTheApi() throws IOException {
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
        .hasSizeGreaterThan(5)
        .allSatisfy(
            call ->
                assertThat(patterns).as(call).anyMatch(pattern -> pattern.matcher(call).matches()));
  }

  private static boolean isBuilt(String path) {
    return path.contains("/target/");
  }

  /** Classes, methods and variables have a capital letter; commands and words of others may not. */
  private static boolean isOurName(String code) {
    return IDENTIFIER.matcher(code).matches() && !code.equals(code.toLowerCase(Locale.ROOT));
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
      return Stream.concat(top, inner)
          .filter(path -> path.getFileName().toString().endsWith(".md"))
          .toList();
    }
  }

  private static Set<String> words() throws IOException {
    var words = new HashSet<String>();
    for (var part :
        List.of("proto", "actors", "server", "demo-model", "envoy", "scripts", "image")) {
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

package dev.chowder.server;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the text in a source file that people read: comments, messages and Markdown, without code.
 * Does not judge the text.
 */
final class Prose {
  /** A piece of the text of a file, and its place there. */
  record Passage(int start, String text) {}

  private static final Pattern FILES =
      Pattern.compile(".*\\.(md|java|proto|mjs|cjs|conf|yaml|sh|sql)|(scripts|image)/.*");

  /**
   * Generated documents, which are checked at their sources, recorded data, and old migrations,
   * which cannot be changed.
   */
  private static final Pattern SKIPPED =
      Pattern.compile(
          "docs/(REST|SETTINGS|LIFECYCLE)\\.md|.*package-lock.*|.*/resources/(journal|openclaw)/.*"
              + "|.*/db/migration/\\w+/V[246]__.*");

  private static final Pattern OTHER_FOLDERS = Pattern.compile("\\..*|target|node_modules");
  private static final Pattern JAVA_LIKE = Pattern.compile(".*\\.(java|proto|mjs|cjs)");

  /** A text block, a string, a comment to the end of the line, or a comment in stars. */
  private static final Pattern STRING_OR_COMMENT =
      Pattern.compile(
          "\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\[^\\n]|[^\"\\\\\\n])*+\"|//[^\\n]*|/\\*[\\s\\S]*?\\*/");

  private static final Pattern HASH_OR_MESSAGE =
      Pattern.compile(
          "^\\s*(?:#|--).*$|\\b(?:say|die) \"[^\"]*\"", Pattern.MULTILINE | Pattern.UNIX_LINES);

  private static final Pattern MARKDOWN_CODE = Pattern.compile("```[\\s\\S]*?```|`[^`\\n]*`");

  private Prose() {}

  /** Returns the files with prose below a folder, relative to it. */
  static List<String> files(Path root) throws IOException {
    var files = new ArrayList<String>();
    var visitor =
        new SimpleFileVisitor<Path>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            var name = folder.getFileName().toString();
            return !folder.equals(root) && OTHER_FOLDERS.matcher(name).matches()
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            var file = root.relativize(path).toString();
            if (FILES.matcher(file).matches() && !SKIPPED.matcher(file).matches()) files.add(file);
            return FileVisitResult.CONTINUE;
          }
        };
    Files.walkFileTree(root, visitor);
    return files;
  }

  /** Returns the passages of a text, read as the file name demands. */
  static Stream<Passage> passages(String file, String text) {
    if (file.endsWith(".md")) return Stream.of(new Passage(0, withoutCode(text)));
    if (!JAVA_LIKE.matcher(file).matches()) return all(HASH_OR_MESSAGE, text);
    boolean test = file.contains("/src/test/");
    // A string of one word is a name or a key. Strings of tests are data.
    return all(STRING_OR_COMMENT, text)
        .filter(found -> found.text().startsWith("/") || (!test && found.text().contains(" ")));
  }

  private static Stream<Passage> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(found -> new Passage(found.start(), found.group()));
  }

  /** Blanks code, so that lines and columns stay as they are. */
  private static String withoutCode(String markdown) {
    return MARKDOWN_CODE
        .matcher(markdown)
        .replaceAll(code -> code.group().replaceAll("[^\\n]", " "));
  }
}

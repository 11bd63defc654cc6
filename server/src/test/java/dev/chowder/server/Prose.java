package dev.chowder.server;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Finds the text in a source file that people read: comments, messages and Markdown, without code.
 * Does not judge the text.
 */
final class Prose {
  /** The sort of a passage: contributors read comments, users read messages and documents. */
  enum Kind {
    COMMENT,
    MESSAGE,
    DOCUMENT
  }

  /**
   * A piece of text.
   *
   * @param line where it begins, from 1
   */
  record Passage(Kind kind, int line, String text) {
    /** Returns the line of a character of the text. */
    int lineAt(int offset) {
      return line + newlines(text, offset);
    }
  }

  private static final Set<String> FOLDERS_OF_TOOLS = Set.of(".git", "target", "node_modules");

  /** Generated documents, which are checked at their sources, and recorded data. */
  private static final Pattern SKIPPED =
      Pattern.compile(
          "openapi\\.json|docs/(REST|SETTINGS|LIFECYCLE)\\.md|package-lock|\\.secrets\\.baseline"
              + "|\\.dependencies\\.json|LICENSE|/resources/(journal|openclaw)/");

  private static final Pattern JAVA_LIKE = Pattern.compile(".*\\.(java|proto|mjs|cjs)");
  private static final Pattern SHELL_LIKE =
      Pattern.compile("(scripts|image)/.*|.*\\.(conf|yaml|sh|sql)");

  /** A text block, a string, a comment to the end of the line, or a comment in stars. */
  private static final Pattern STRING_OR_COMMENT =
      Pattern.compile(
          "\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\[^\\n]|[^\"\\\\\\n])*+\"|//[^\\n]*|/\\*[\\s\\S]*?\\*/");

  private static final Pattern HASH_OR_MESSAGE =
      Pattern.compile(
          "^\\s*(?:#|--).*$|\\b(?:say|die) \"[^\"]*\"", Pattern.MULTILINE | Pattern.UNIX_LINES);

  private static final Pattern MARKDOWN_CODE = Pattern.compile("```[\\s\\S]*?```|`[^`\\n]*`");
  private static final Pattern NOT_NEWLINE = Pattern.compile("[^\\n]");

  private Prose() {}

  /** Returns the files with prose that belong to the repository, relative to its root. */
  static List<String> files(Path root) throws IOException {
    return all(root).stream()
        .filter(file -> isMarkdown(file) || matches(JAVA_LIKE, file) || matches(SHELL_LIKE, file))
        .filter(file -> !SKIPPED.matcher(file).find())
        .filter(file -> Files.isRegularFile(root.resolve(file)))
        .sorted()
        .toList();
  }

  /** Returns the passages of a file; none if the file is not text. */
  static List<Passage> read(Path root, String file) throws IOException {
    try {
      return passages(file, Files.readString(root.resolve(file)));
    } catch (CharacterCodingException e) {
      return List.of();
    }
  }

  /** Returns the passages of a text, read as the file name demands. */
  static List<Passage> passages(String file, String text) {
    if (isMarkdown(file)) return List.of(new Passage(Kind.DOCUMENT, 1, withoutCode(text)));
    boolean javaLike = matches(JAVA_LIKE, file);
    if (!javaLike && !matches(SHELL_LIKE, file)) return List.of();
    boolean test = file.contains("/src/test/");
    return (javaLike ? STRING_OR_COMMENT : HASH_OR_MESSAGE)
        .matcher(text)
        .results()
        .filter(found -> isComment(found) || !javaLike || (!test && isMessage(found.group())))
        .map(found -> passage(found, text))
        .toList();
  }

  private static Passage passage(MatchResult found, String text) {
    var kind = isComment(found) ? Kind.COMMENT : Kind.MESSAGE;
    return new Passage(kind, 1 + newlines(text, found.start()), found.group());
  }

  private static boolean isComment(MatchResult found) {
    return Stream.of("//", "/*", "#", "--").anyMatch(found.group().stripLeading()::startsWith);
  }

  /** A string of one word is a name or a key. */
  private static boolean isMessage(String string) {
    return string.contains(" ");
  }

  /** Blanks code, so that lines and columns stay as they are. */
  private static String withoutCode(String markdown) {
    return MARKDOWN_CODE
        .matcher(markdown)
        .replaceAll(code -> NOT_NEWLINE.matcher(code.group()).replaceAll(" "));
  }

  /** Asks git, so that build results and private notes are left out; walks the tree without it. */
  private static List<String> all(Path root) throws IOException {
    try {
      var git =
          new ProcessBuilder("git", "-C", root.toString(), "ls-files")
              .redirectError(Redirect.DISCARD)
              .start();
      var files = git.inputReader().readAllLines();
      if (git.waitFor() == 0) return files;
    } catch (IOException notInstalled) {
      return walked(root);
    } catch (InterruptedException e) {
      throw new InterruptedIOException("interrupted while git lists files");
    }
    return walked(root);
  }

  static List<String> walked(Path root) throws IOException {
    try (var paths = Files.walk(root)) {
      return paths.map(root::relativize).filter(Prose::isSource).map(Path::toString).toList();
    }
  }

  private static boolean isSource(Path path) {
    return StreamSupport.stream(path.spliterator(), false)
        .map(Path::toString)
        .noneMatch(FOLDERS_OF_TOOLS::contains);
  }

  private static boolean isMarkdown(String file) {
    return file.endsWith(".md");
  }

  private static boolean matches(Pattern pattern, String file) {
    return pattern.matcher(file).matches();
  }

  private static int newlines(String text, int end) {
    return (int) text.chars().limit(end).filter(c -> c == '\n').count();
  }
}

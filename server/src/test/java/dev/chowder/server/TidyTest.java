package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * Holds the size of files, methods and constructors of all modules, tests included. The file {@code
 * tidy-limits.properties} lists the exceptions with their sizes. An exception may only shrink: if a
 * size differs from the listed one, run this test with {@code -Dchowder.update-docs=true}, which
 * writes smaller sizes and removes ended exceptions, but adds and raises none.
 */
class TidyTest {
  private static final int LINES_OF_A_FILE = 400;
  private static final int LINES_OF_A_METHOD = 70;
  private static final int PARAMETERS_OF_A_CONSTRUCTOR = 7;

  private static final Path ROOT = Path.of("..");
  private static final Path EXCEPTIONS =
      Path.of("src", "test", "resources", "tidy-limits.properties");

  @Test
  void noFileMethodOrConstructorIsLargerThanItsLimit() throws IOException {
    var texts = new TreeMap<String, String>();
    addSources(MavenModules.files("src/main/java"), texts);
    addSources(MavenModules.files("src/test/java"), texts);
    var found = tooLarge(texts);
    var listed = exceptions();
    if (Boolean.getBoolean("chowder.update-docs")) write(shrunk(listed, found));
    assertThat(found)
        .as("sizes above the limits; exceptions in %s may only shrink", EXCEPTIONS)
        .isEqualTo(exceptions());
  }

  @Test
  void aFileMethodOrConstructorAboveItsLimitIsFound() {
    var method = "  void longMethod() {\n" + "    run();\n".repeat(69) + "  }\n";
    var parameters = "int a, int b, int c, int d, int e, int f, int g, int h";
    var text =
        "class Big {\n  Big(%s) {}\n%s%s}\n"
            .formatted(parameters, method, "// comment\n".repeat(400));
    assertThat(tooLarge("Big.java", text))
        .containsOnlyKeys(
            "Big.java lines", "Big.java lines of Big.longMethod", "Big.java parameters of Big");
  }

  @Test
  void whatIsWithinItsLimitIsNotFound() {
    var method = "  void method() {\n" + "    run();\n".repeat(68) + "  }\n";
    assertThat(tooLarge("Small.java", "class Small {\n  Small(int a) {}\n" + method + "}\n"))
        .isEmpty();
    assertThat(
            tooLarge(
                "Data.java",
                """
                record Data(int a, int b, int c, int d, int e, int f, int g, int h) {
                  Data(int a, int b, int c, int d, int e, int f, int g, int h) {}
                }
                """))
        .as("the canonical constructor of a record")
        .isEmpty();
  }

  @Test
  void anotherConstructorOfARecordIsLimited() {
    assertThat(
            tooLarge(
                "Data.java",
                """
                record Data(int a) {
                  Data(int a, int b, int c, int d, int e, int f, int g, int h) {
                    this(a);
                  }
                }
                """))
        .containsOnlyKeys("Data.java parameters of Data");
  }

  @Test
  void anExceptionMayShrinkAndEndButNotGrow() {
    var listed = new TreeMap<>(Map.of("a lines", 500, "b lines", 500, "c lines", 500));
    var found = new TreeMap<>(Map.of("a lines", 450, "b lines", 600, "d lines", 600));
    assertThat(shrunk(listed, found)).isEqualTo(Map.of("a lines", 450, "b lines", 500));
  }

  private static void addSources(List<Path> folders, Map<String, String> texts) throws IOException {
    for (var folder : folders) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (var file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          texts.put(ROOT.relativize(file).toString(), Files.readString(file));
        }
      }
    }
  }

  /** Returns the sizes above a limit, by file and kind. */
  private static Map<String, Integer> tooLarge(String file, String text) {
    return tooLarge(Map.of(file, text));
  }

  private static Map<String, Integer> tooLarge(Map<String, String> texts) {
    var found = new TreeMap<String, Integer>();
    texts.forEach(
        (file, text) -> {
          int lines = (int) text.lines().count();
          if (lines > LINES_OF_A_FILE) found.put(file + " lines", lines);
        });
    // One task for all files, because each starts a compiler.
    new Sizes(found).scan(texts);
    return found;
  }

  private static Map<String, Integer> shrunk(
      Map<String, Integer> listed, Map<String, Integer> found) {
    var shrunk = new TreeMap<String, Integer>();
    listed.forEach(
        (name, size) -> {
          var now = found.get(name);
          if (now != null) shrunk.put(name, Math.min(size, now));
        });
    return shrunk;
  }

  private static Map<String, Integer> exceptions() throws IOException {
    var properties = new Properties();
    properties.load(new StringReader(Files.readString(EXCEPTIONS)));
    var exceptions = new TreeMap<String, Integer>();
    for (var name : properties.stringPropertyNames()) {
      exceptions.put(name, Integer.valueOf(properties.getProperty(name)));
    }
    return exceptions;
  }

  private static void write(Map<String, Integer> exceptions) throws IOException {
    var lines = new ArrayList<String>();
    lines.add(
        "# Files, methods and constructors above the limits of TidyTest. They may only shrink.");
    exceptions.forEach((name, size) -> lines.add(name.replace(" ", "\\ ") + " = " + size));
    Files.write(EXCEPTIONS, lines);
  }

  /** The text of a file. */
  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String file, String text) {
      super(URI.create("string:///" + file), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreErrors) {
      return text;
    }
  }

  /** Adds methods and constructors that are above their limits. */
  private static final class Sizes extends TreePathScanner<Void, Trees> {
    private final Map<String, Integer> found;
    private String file = "";

    Sizes(Map<String, Integer> found) {
      this.found = found;
    }

    void scan(Map<String, String> texts) {
      var compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "no JDK");
      var sources = new ArrayList<Source>();
      texts.forEach((file, text) -> sources.add(new Source(file, text)));
      var task = (JavacTask) compiler.getTask(null, null, null, null, null, sources);
      try {
        var trees = Trees.instance(task);
        for (var unit : task.parse()) {
          file = unit.getSourceFile().toUri().getPath().substring(1);
          scan(unit, trees);
        }
      } catch (IOException unexpected) {
        throw new UncheckedIOException(unexpected);
      }
    }

    @Override
    public Void visitMethod(MethodTree method, Trees trees) {
      var unit = getCurrentPath().getCompilationUnit();
      var type = (ClassTree) getCurrentPath().getParentPath().getLeaf();
      boolean isConstructor = method.getReturnType() == null;
      var name =
          isConstructor
              ? type.getSimpleName().toString()
              : type.getSimpleName() + "." + method.getName();
      int lines = lines(unit, method, trees);
      if (lines > LINES_OF_A_METHOD) {
        add(file + " lines of " + name, lines);
      }
      int parameters = method.getParameters().size();
      if (isConstructor && parameters > PARAMETERS_OF_A_CONSTRUCTOR && !isCanonical(type, method)) {
        add(file + " parameters of " + name, parameters);
      }
      return super.visitMethod(method, trees);
    }

    /** Adds a size. Numbers methods of one name, so that each has its own limit. */
    private void add(String what, int size) {
      int number = 1;
      var name = what;
      while (found.containsKey(name)) name = what + " " + ++number;
      found.put(name, size);
    }

    /** Whether it is the constructor of a record that takes the record's components. */
    private static boolean isCanonical(ClassTree type, MethodTree method) {
      if (type.getKind() != Tree.Kind.RECORD) return false;
      var components =
          type.getMembers().stream()
              .filter(VariableTree.class::isInstance)
              .map(VariableTree.class::cast)
              .filter(field -> !field.getModifiers().getFlags().contains(Modifier.STATIC))
              .map(field -> field.getType().toString())
              .toList();
      return components.equals(
          method.getParameters().stream().map(p -> p.getType().toString()).toList());
    }

    private static int lines(CompilationUnitTree unit, MethodTree method, Trees trees) {
      var positions = trees.getSourcePositions();
      var map = unit.getLineMap();
      long first = map.getLineNumber(positions.getStartPosition(unit, method));
      long last = map.getLineNumber(positions.getEndPosition(unit, method));
      return (int) (last - first + 1);
    }
  }
}

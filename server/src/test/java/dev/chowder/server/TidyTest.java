package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
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
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Holds the size of files, methods and constructors of all modules, tests included. The file {@code
 * tidy-limits.properties} lists the exceptions with their sizes. An exception may only shrink: if a
 * size differs from the listed one, run this test with {@code -Dchowder-tool.update-docs=true},
 * which writes smaller sizes and removes ended exceptions, but adds and raises none.
 */
class TidyTest {
  private static final int LINES_OF_A_FILE = 400;
  private static final int LINES_OF_A_METHOD = 70;
  private static final int PARAMETERS_OF_A_CONSTRUCTOR = 7;

  private static final Path ROOT = Path.of("..");
  private static final Path EXCEPTIONS =
      Path.of("src", "test", "resources", "tidy-limits.properties");

  @TempDir private Path folder;

  @Test
  void noFileMethodOrConstructorIsLargerThanItsLimit() throws IOException {
    var folders = new ArrayList<>(MavenModules.files("src/main/java"));
    folders.addAll(MavenModules.files("src/test/java"));
    var found = tooLarge(ROOT, folders);
    var listed = exceptions();
    if (Boolean.getBoolean("chowder-tool.update-docs")) {
      listed.keySet().retainAll(found.keySet());
      listed.replaceAll((name, size) -> Math.min(size, found.getOrDefault(name, size)));
      write(listed);
    }
    assertThat(found)
        .as("sizes above the limits; exceptions in %s may only shrink", EXCEPTIONS)
        .isEqualTo(listed);
  }

  @Test
  void onlySizesAboveTheLimitsAreFound() throws IOException {
    var parameters = "(int a, int b, int c, int d, int e, int f, int g%s) {\n%s}\n";
    var seven = parameters.formatted("", "run();\n".repeat(68));
    var eight = parameters.formatted(", int h", "");
    Files.writeString(folder.resolve("Small.java"), "class Small {\nSmall" + seven + "}\n");
    Files.writeString(
        folder.resolve("Big.java"),
        "class Big {\nBig" + eight + "void run() {\n" + "run();\n".repeat(400) + "}\n}\n");
    var components = "int a, int b, int c, int d, int e, int f, int g, int h";
    Files.writeString(
        folder.resolve("Data.java"), "record Data(" + components + ") {\nData" + eight + "}\n");
    Files.writeString(folder.resolve("One.java"), "record One(int a) {\nOne" + eight + "}\n");
    assertThat(tooLarge(folder, List.of(folder)))
        .as("the canonical constructor of a record is no exception")
        .isEqualTo(
            Map.of(
                "Big.java lines", 406,
                "Big.java lines of Big.run", 402,
                "Big.java parameters of Big", 8,
                "One.java parameters of One", 8));
  }

  /** Returns the sizes above a limit, by file and kind. */
  private static Map<String, Integer> tooLarge(Path root, List<Path> folders) throws IOException {
    var sources = new ArrayList<Path>();
    for (var folder : folders) {
      try (Stream<Path> files = Files.walk(folder)) {
        files.filter(path -> path.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    var compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "no JDK");
    try (var manager = compiler.getStandardFileManager(null, null, null)) {
      // One task for all files, because each starts a compiler.
      var objects = manager.getJavaFileObjectsFromPaths(sources);
      var task = (JavacTask) compiler.getTask(null, manager, null, null, null, objects);
      var trees = Trees.instance(task);
      var found = new TreeMap<String, Integer>();
      for (var unit : task.parse()) {
        var file = root.relativize(Path.of(unit.getSourceFile().getName())).toString();
        int lines = (int) unit.getSourceFile().getCharContent(false).toString().lines().count();
        if (lines > LINES_OF_A_FILE) found.put(file + " lines", lines);
        new Sizes(found, file).scan(unit, trees);
      }
      return found;
    }
  }

  private static Map<String, Integer> exceptions() throws IOException {
    var properties = new Properties();
    try (var reader = Files.newBufferedReader(EXCEPTIONS)) {
      properties.load(reader);
    }
    var exceptions = new TreeMap<String, Integer>();
    properties.forEach(
        (name, size) -> exceptions.put((String) name, Integer.valueOf((String) size)));
    return exceptions;
  }

  private static void write(Map<String, Integer> exceptions) throws IOException {
    var lines = new ArrayList<String>();
    lines.add(
        "# Files, methods and constructors above the limits of TidyTest. They may only shrink.");
    exceptions.forEach((name, size) -> lines.add(name.replace(" ", "\\ ") + " = " + size));
    Files.write(EXCEPTIONS, lines);
  }

  /** Adds methods and constructors that are above their limits. */
  private static final class Sizes extends TreePathScanner<Void, Trees> {
    private final Map<String, Integer> found;
    private final String file;

    Sizes(Map<String, Integer> found, String file) {
      this.found = found;
      this.file = file;
    }

    @Override
    public Void visitMethod(MethodTree method, Trees trees) {
      var type = (ClassTree) getCurrentPath().getParentPath().getLeaf();
      var name = type.getSimpleName().toString();
      boolean isConstructor = method.getReturnType() == null;
      int lines = lines(method, trees);
      if (lines > LINES_OF_A_METHOD) {
        add(" lines of " + (isConstructor ? name : name + "." + method.getName()), lines);
      }
      int parameters = method.getParameters().size();
      if (isConstructor
          && parameters > PARAMETERS_OF_A_CONSTRUCTOR
          && !(type.getKind() == Tree.Kind.RECORD && parameters == components(type))) {
        add(" parameters of " + name, parameters);
      }
      return super.visitMethod(method, trees);
    }

    /** Adds a size. Methods of one name share an exception, so that none of them can grow. */
    private void add(String what, int size) {
      found.merge(file + what, size, Integer::sum);
    }

    private static long components(ClassTree type) {
      return type.getMembers().stream()
          .filter(VariableTree.class::isInstance)
          .map(VariableTree.class::cast)
          .filter(field -> !field.getModifiers().getFlags().contains(Modifier.STATIC))
          .count();
    }

    private int lines(MethodTree method, Trees trees) {
      var unit = getCurrentPath().getCompilationUnit();
      var map = unit.getLineMap();
      var positions = trees.getSourcePositions();
      return (int)
          (map.getLineNumber(positions.getEndPosition(unit, method))
              - map.getLineNumber(positions.getStartPosition(unit, method))
              + 1);
    }
  }
}

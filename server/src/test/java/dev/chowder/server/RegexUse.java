package dev.chowder.server;

import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A pattern of {@code java.util.regex} in compiled code.
 *
 * @param where the class and method
 * @param pattern empty if it is no constant
 * @param searches whether the text is searched for matches. Otherwise, the whole text is matched
 */
record RegexUse(String where, Optional<String> pattern, int flags, boolean searches) {
  /** Methods of {@code Pattern} and {@code String} whose first argument is a pattern. */
  private static final Set<String> OF_PATTERN = Set.of("compile", "matches");

  private static final Set<String> OF_STRING =
      Set.of("matches", "replaceAll", "replaceFirst", "split", "splitWithDelimiters");

  private static final Set<String> WHOLE = Set.of("matches", "asMatchPredicate");

  /** Returns the use of a pattern that matches whole texts. */
  static RegexUse whole(String where, Pattern pattern) {
    return new RegexUse(where, Optional.of(pattern.pattern()), pattern.flags(), false);
  }

  /** Returns all uses in the compiled classes of a module. */
  static List<RegexUse> in(Path classes) throws IOException {
    var uses = new ArrayList<RegexUse>();
    try (var files = Files.walk(classes)) {
      for (var file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        addAll(ClassFile.of().parse(file), uses);
      }
    }
    return uses;
  }

  private static void addAll(ClassModel model, List<RegexUse> uses) {
    // A pattern that is a field is used by other methods of its class. A class that only matches
    // whole texts makes no search.
    var called =
        model.methods().stream()
            .flatMap(method -> instructions(method).stream())
            .filter(InvokeInstruction.class::isInstance)
            .map(InvokeInstruction.class::cast)
            .filter(call -> owner(call).startsWith("java/util/regex/"))
            .map(call -> call.name().stringValue())
            .collect(toSet());
    called.removeAll(Set.of("compile", "matcher", "group", "start", "end", "quoteReplacement"));
    boolean onlyWhole = !called.isEmpty() && WHOLE.containsAll(called);
    for (var method : model.methods()) {
      var code = instructions(method);
      for (int at = 0; at < code.size(); at++) {
        if (!(code.get(at) instanceof InvokeInstruction call)) continue;
        var name = call.name().stringValue();
        boolean ofPattern =
            owner(call).equals("java/util/regex/Pattern") && OF_PATTERN.contains(name);
        if (!ofPattern && !(owner(call).equals("java/lang/String") && OF_STRING.contains(name))) {
          continue;
        }
        int more = call.typeSymbol().parameterCount() - 1;
        int flags =
            ofPattern
                    && name.equals("compile")
                    && more == 1
                    && constant(code, at - 1) instanceof Integer i
                ? i
                : 0;
        var pattern =
            constant(code, at - 1 - more) instanceof String text
                ? Optional.of(text)
                : Optional.<String>empty();
        boolean searches = name.equals("compile") ? !onlyWhole : !name.equals("matches");
        var where =
            model.thisClass().asInternalName().replace('/', '.')
                + "."
                + method.methodName().stringValue();
        uses.add(new RegexUse(where, pattern, flags, searches));
      }
    }
  }

  private static String owner(InvokeInstruction call) {
    return call.owner().asInternalName();
  }

  private static Object constant(List<Instruction> code, int at) {
    return at >= 0 && code.get(at) instanceof ConstantInstruction constant
        ? constant.constantValue()
        : "".getClass();
  }

  private static List<Instruction> instructions(MethodModel method) {
    return method.code().stream()
        .flatMap(code -> code.elementStream())
        .filter(Instruction.class::isInstance)
        .map(Instruction.class::cast)
        .toList();
  }
}

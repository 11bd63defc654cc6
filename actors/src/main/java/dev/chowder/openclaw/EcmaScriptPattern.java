package dev.chowder.openclaw;

import com.networknt.schema.regex.RegularExpression;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A schema's patterns are JavaScript's, which reads two things inside brackets differently from
 * Java: {@code [} and {@code &&} are plain there. A pattern that Java cannot read at all matches
 * everything: the gateway, which can, judges again.
 */
final class EcmaScriptPattern {
  private EcmaScriptPattern() {}

  static RegularExpression of(String pattern) {
    try {
      var compiled = Pattern.compile(inJava(pattern));
      return value -> compiled.matcher(value).find();
    } catch (PatternSyntaxException unknown) {
      return value -> true;
    }
  }

  static String inJava(String pattern) {
    var java = new StringBuilder();
    boolean inBrackets = false;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\' && i + 1 < pattern.length()) {
        java.append(c).append(pattern.charAt(++i));
      } else if (inBrackets && (c == '[' || c == '&')) {
        java.append('\\').append(c);
      } else {
        if (c == '[') inBrackets = true;
        if (c == ']') inBrackets = false;
        java.append(c);
      }
    }
    return java.toString();
  }
}

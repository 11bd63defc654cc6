package dev.chowder.openclaw.config;

import com.networknt.schema.regex.RegularExpression;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Compiles a JavaScript pattern of a schema in Java. Inside brackets, JavaScript reads {@code [}
 * and {@code &&} as plain characters, and Java does not. A pattern that Java cannot compile matches
 * everything, since the gateway checks the value again.
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

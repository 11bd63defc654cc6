package dev.chowder.openclaw.config;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import com.networknt.schema.regex.RegularExpression;

/**
 * Compiles a JavaScript pattern of a schema. RE2/J takes linear time for every pattern and value,
 * and {@code java.util.regex} does not: a value of 40 KB takes it 20 s for some of OpenClaw's
 * patterns. A pattern that RE2/J cannot compile, such as one that looks ahead, matches everything,
 * since the gateway checks the value again.
 */
final class EcmaScriptPattern {
  private EcmaScriptPattern() {}

  static RegularExpression of(String pattern) {
    try {
      var compiled = Pattern.compile(pattern);
      return value -> compiled.matcher(value).find();
    } catch (PatternSyntaxException unknown) {
      return value -> true;
    }
  }
}

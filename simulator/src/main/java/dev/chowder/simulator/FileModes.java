package dev.chowder.simulator;

/** Converts permission bits to letters and back: {@code rw-r-----} is 0640. */
final class FileModes {
  private static final String ALL = "rwxrwxrwx";

  private FileModes() {}

  static String letters(int bits) {
    var letters = new StringBuilder(ALL);
    for (int at = 0; at < ALL.length(); at++) {
      if ((bits & (1 << (ALL.length() - 1 - at))) == 0) letters.setCharAt(at, '-');
    }
    return letters.toString();
  }

  static int bits(String letters) {
    int bits = 0;
    for (int at = 0; at < ALL.length(); at++) {
      if (letters.charAt(at) != '-') bits |= 1 << (ALL.length() - 1 - at);
    }
    return bits;
  }
}

package dev.chowder.checks.guest;

/** The assertions of programs that run where AssertJ does not. Each throws an AssertionError. */
public final class Expect {
  private Expect() {}

  public static void equal(Object actual, Object expected) {
    that(actual.equals(expected), "got '%s' instead of '%s'".formatted(actual, expected));
  }

  public static void contains(String text, String part) {
    that(text.contains(part), "'%s' does not contain '%s'".formatted(text, part));
  }

  /** Fails unless the number is in the range, which includes both ends. */
  public static void between(long actual, long low, long high) {
    that(
        low <= actual && actual <= high,
        "%d is not between %d and %d".formatted(actual, low, high));
  }

  /** Fails with the problem if it does not hold. */
  public static void that(boolean holds, String problem) {
    if (!holds) throw new AssertionError(problem);
  }
}

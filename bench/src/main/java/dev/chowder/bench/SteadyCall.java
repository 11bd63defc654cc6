package dev.chowder.bench;

/** The calls of the steady organization of {@link Fairness} and their rate. */
enum SteadyCall {
  GET("get", 20),
  LIST("list, 100 a page", 5),
  CREATE("create", 4);

  private final String what;
  private final int perSecond;

  SteadyCall(String what, int perSecond) {
    this.what = what;
    this.perSecond = perSecond;
  }

  /** Returns the name of the call for tables. */
  String what() {
    return what;
  }

  int perSecond() {
    return perSecond;
  }
}

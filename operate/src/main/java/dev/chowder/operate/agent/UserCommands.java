package dev.chowder.operate.agent;

/** Runs commands of users against this installation, whatever context the user has chosen. */
@FunctionalInterface
interface UserCommands {
  /** The end of a command. */
  record Ended(int code, String output) {
    boolean succeeded() {
      return code == 0;
    }
  }

  /** Runs a command and returns its output. Its messages go to the user. */
  Ended run(String... arguments);
}

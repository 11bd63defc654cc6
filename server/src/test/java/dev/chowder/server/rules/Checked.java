package dev.chowder.server.rules;

import com.google.protobuf.Message;

/** Requests as services get them: after the check of their rules. */
public final class Checked {
  private Checked() {}

  /** Returns the request if it is within its rules, and throws the error otherwise. */
  public static <M extends Message> M checked(M request) {
    RuleCheck.check(request);
    return request;
  }
}

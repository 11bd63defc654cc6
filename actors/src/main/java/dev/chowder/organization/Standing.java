package dev.chowder.organization;

import java.util.Arrays;
import java.util.Optional;

/** Whether an organization may use Chowder. Only operators change it. */
public enum Standing {
  /** Its keys are accepted. */
  ACTIVE("active"),

  /** Its keys are rejected with {@code ORGANIZATION_SUSPENDED} until an operator resumes it. */
  SUSPENDED("suspended"),

  /** An operator deleted it; its keys, instances, secrets and subscription are being removed. */
  DELETING("deleting"),

  /** Everything but its history is removed. */
  DELETED("deleted");

  private final String label;

  Standing(String label) {
    this.label = label;
  }

  /** Returns the name in the journal, in the row and in operators' lists. */
  public String label() {
    return label;
  }

  /** Returns whether an operator deleted the organization; that is final. */
  boolean isFinal() {
    return this == DELETING || this == DELETED;
  }

  static Optional<Standing> ofLabel(String label) {
    return Arrays.stream(values()).filter(s -> s.label.equals(label)).findFirst();
  }
}

package dev.chowder.organization;

import java.util.Arrays;
import java.util.Optional;

/** Whether an organization may use Chowder. Only operators change it. */
public enum Standing {
  /** Its keys work. */
  ACTIVE("active"),

  /** Its keys are rejected with {@code ORGANIZATION_SUSPENDED} until an operator resumes it. */
  SUSPENDED("suspended"),

  /** An operator deleted it; its keys, instances, secrets and subscription are being removed. */
  DELETING("deleting"),

  /** Nothing of it is left but its history. */
  DELETED("deleted");

  private final String label;

  Standing(String label) {
    this.label = label;
  }

  /** The word in the journal, in the read row and in operators' lists. */
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

package dev.chowder.organization;

import dev.chowder.base.Labelled;

/** Whether an organization may use Chowder. Only operators change it. */
public enum Standing implements Labelled {
  /** Its keys are accepted. */
  ACTIVE,

  /** Its keys are rejected with {@code ORGANIZATION_SUSPENDED} until an operator resumes it. */
  SUSPENDED,

  /** An operator deleted it; its keys, instances, secrets and subscription are being removed. */
  DELETING,

  /** Everything but its history is removed. */
  DELETED;

  /** Returns whether an operator deleted the organization; that is final. */
  boolean isFinal() {
    return this == DELETING || this == DELETED;
  }
}

package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;

/**
 * How far the changes of an instance's gateway token have come.
 *
 * @param asked how often another one was asked for
 * @param done up to which of those the token that was asked for is the one that is valid
 * @param askedAt when that was asked last; at the beginning of time: never
 */
public record TokenRotations(int asked, int done, Instant askedAt) {
  public static final TokenRotations NONE = new TokenRotations(0, 0, Instant.EPOCH);

  /** Whether the newest one that was asked for is not the valid one yet. */
  @JsonIgnore
  public boolean isOwed() {
    return asked > done;
  }

  TokenRotations askedFor(Instant now) {
    return new TokenRotations(asked + 1, done, now);
  }

  TokenRotations done(int rotation) {
    return new TokenRotations(asked, Math.max(done, rotation), askedAt);
  }
}

package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The progress of the changes of an instance's gateway token.
 *
 * @param asked how often another one was requested
 * @param done the last request whose token is valid
 * @param requests the ids of the last requests that asked for one, the newest last; at most {@link
 *     #REQUESTS_REMEMBERED}
 */
public record TokenRotations(int asked, int done, List<String> requests) {
  public static final TokenRotations NONE = new TokenRotations(0, 0, List.of());

  /**
   * How many request ids a state remembers. A command is resent for at most {@code ask-timeout}; a
   * rotation takes about a second.
   */
  static final int REQUESTS_REMEMBERED = 10;

  /** A row of an older version has no {@code requests}. */
  public TokenRotations(int asked, int done, @Nullable List<String> requests) {
    this.asked = asked;
    this.done = done;
    this.requests = requests == null ? List.of() : List.copyOf(requests);
  }

  /** Whether the newest one that was asked for is not the valid one yet. */
  @JsonIgnore
  public boolean isPending() {
    return asked > done;
  }

  /** Whether this request has already requested one. */
  boolean isRepeated(String requestId) {
    return requests.contains(requestId);
  }

  /**
   * Returns the rotations after another request; {@code requestId} is empty in events of older
   * versions.
   */
  TokenRotations askedFor(String requestId) {
    if (requestId.isEmpty()) return new TokenRotations(asked + 1, done, requests);
    var kept = requests.stream().skip(Math.max(0, requests.size() + 1 - REQUESTS_REMEMBERED));
    return new TokenRotations(asked + 1, done, Stream.concat(kept, Stream.of(requestId)).toList());
  }

  TokenRotations done(int rotation) {
    return new TokenRotations(asked, Math.max(done, rotation), requests);
  }
}

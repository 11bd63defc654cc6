package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The rotations of an instance's gateway token.
 *
 * @param asked number of requested rotations
 * @param done number of the last finished rotation, whose token is valid
 * @param requests ids of the last requests that caused a rotation, newest last; at most {@link
 *     #REQUESTS_REMEMBERED}
 */
public record TokenRotations(int asked, int done, List<String> requests) {
  public static final TokenRotations NONE = new TokenRotations(0, 0, List.of());

  /**
   * The number of request ids that a state remembers. It suffices because a command is resent for
   * at most {@code ask-timeout}, and a rotation takes about a second.
   */
  static final int REQUESTS_REMEMBERED = 10;

  /** Creates the rotations. Rows of older versions have no {@code requests}. */
  public TokenRotations {
    requests = List.copyOf(Objects.requireNonNullElse(requests, List.of()));
  }

  /** Returns whether a requested rotation is not yet finished. */
  @JsonIgnore
  public boolean isPending() {
    return asked > done;
  }

  /** Returns whether this request has already caused a rotation. */
  boolean isRepeated(String requestId) {
    return requests.contains(requestId);
  }

  /**
   * Returns the rotations after another request; {@code requestId} is empty in events of older
   * versions.
   */
  TokenRotations afterRequest(String requestId) {
    if (requestId.isEmpty()) return new TokenRotations(asked + 1, done, requests);
    var kept = requests.stream().skip(Math.max(0, requests.size() + 1 - REQUESTS_REMEMBERED));
    return new TokenRotations(asked + 1, done, Stream.concat(kept, Stream.of(requestId)).toList());
  }

  TokenRotations afterRotation(int rotation) {
    return new TokenRotations(asked, Math.max(done, rotation), requests);
  }
}

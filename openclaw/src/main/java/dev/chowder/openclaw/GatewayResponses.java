package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.OpenClawSettings.ResponseLimit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Receives and parses the responses of gateways, which agents control. Limits bytes and JSON tokens
 * per method, and the memory of all responses that a node holds. Tokens count because a small text
 * can become a large tree: each {@code {}}, three bytes with its comma, takes about a hundred.
 *
 * <p>Text counts several times: as bytes, as characters and as strings. The factors are upper
 * bounds of measurements for 24 forms of JSON with compressed references. {@code
 * GatewayResponsesTest} repeats the measurement for the worst of them.
 */
public final class GatewayResponses {
  /** The maximum bytes of a token in a tree: an empty object or array, or an entry of one. */
  private static final int TOKEN_BYTES = 100;

  /** Bytes of memory per byte of arriving text, since the buffer doubles when it grows. */
  private static final int ARRIVING = 2;

  /** Bytes per byte of text while parsing: the buffer, and one string before and after a copy. */
  private static final int PARSING = 9;

  /** Bytes per byte of text in the tree: two per character if one of a string needs them. */
  private static final int PARSED = 3;

  private final OpenClawSettings.Responses settings;
  private final AtomicLong held = new AtomicLong();
  private final Map<ResponseLimit, ObjectMapper> mappers = new ConcurrentHashMap<>();

  public GatewayResponses(OpenClawSettings.Responses settings) {
    this.settings = settings;
  }

  /** Returns an empty response to {@code method}. */
  Incoming begin(String method) {
    return new Incoming(settings.limit(method));
  }

  /**
   * Returns an estimate of the memory of all responses in bytes, without the free bytes of each.
   */
  long heldBytes() {
    return held.get();
  }

  /** A response exceeds a limit. */
  static final class RejectedException extends IOException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // Never serialized: it is thrown and caught within one call.
    private final AdminAnswer why;

    RejectedException(AdminAnswer why) {
      super(why.toString());
      this.why = why;
    }

    /** Returns the answer for the caller. */
    AdminAnswer why() {
      return why;
    }
  }

  /**
   * One response, from its first byte until its caller closes it. Thread-safe, because a caller
   * that timed out may close it while more bytes arrive.
   */
  final class Incoming implements AutoCloseable {
    private final ResponseLimit limit;
    private Buffer text = new Buffer();
    private long reserved;

    /** Bytes of the largest tree that was parsed from this response. */
    private long tree;

    private boolean closed;

    private Incoming(ResponseLimit limit) {
      this.limit = limit;
    }

    /**
     * Appends bytes of UTF-8.
     *
     * @throws RejectedException if they exceed a limit, or the response is closed
     */
    synchronized void append(ByteBuffer more) throws RejectedException {
      // Memory that is reserved after close() would never be released.
      if (closed) throw new RejectedException(new NoAnswer("the call has ended"));
      if (text.size() + (long) more.remaining() > limit.maxBytes()) {
        throw new RejectedException(
            new NoAnswer("the response exceeds " + limit.maxBytes() + " bytes"));
      }
      reserveAtLeast(ARRIVING * (text.size() + (long) more.remaining()));
      while (more.hasRemaining()) {
        var piece = new byte[Math.min(more.remaining(), 8192)];
        more.get(piece);
        text.write(piece, 0, piece.length);
      }
    }

    /** Drops the bytes that arrived. */
    synchronized void clear() {
      text = new Buffer();
    }

    /** Returns whether the arrived bytes start with this ASCII text. */
    synchronized boolean startsWith(String beginning) {
      return text.startsWith(beginning);
    }

    /**
     * Parses the whole text and drops it. Counts the tokens before it builds a tree of them.
     *
     * @throws RejectedException if the text, its depth or its tokens exceed a limit
     * @throws IOException if it is not JSON
     */
    synchronized JsonNode parse() throws IOException {
      var mapper = mappers.computeIfAbsent(limit, l -> mapper(l, settings.maxDepth()));
      try {
        long tokens = 0;
        try (JsonParser parser = text.parser(mapper)) {
          while (parser.nextToken() != null) tokens++;
        }
        long bytes = text.size();
        reserveAtLeast(PARSING * bytes + tokens * TOKEN_BYTES);
        JsonNode parsed;
        try (JsonParser parser = text.parser(mapper)) {
          parsed = mapper.readTree(parser);
        }
        text = new Buffer();
        tree = Math.max(tree, PARSED * bytes + tokens * TOKEN_BYTES);
        reserve(tree);
        return parsed;
      } catch (StreamConstraintsException tooMuch) {
        throw new RejectedException(
            new NoAnswer(
                "the response exceeds %d tokens or %d levels"
                    .formatted(limit.maxTokens(), settings.maxDepth())));
      }
    }

    private void reserveAtLeast(long bytes) throws RejectedException {
      if (Math.max(0, bytes - settings.freeBytes()) > reserved) reserve(bytes);
    }

    private void reserve(long bytes) throws RejectedException {
      long more = Math.max(0, bytes - settings.freeBytes()) - reserved;
      if (held.addAndGet(more) > settings.maxHeldBytes() && more > 0) {
        held.addAndGet(-more);
        throw new RejectedException(
            new Busy("this node receives too many large responses at once"));
      }
      reserved += more;
    }

    /** Releases the memory. The caller must drop the tree soon afterwards. */
    @Override
    public synchronized void close() {
      closed = true;
      held.addAndGet(-reserved);
      reserved = 0;
      text = new Buffer();
    }
  }

  private static ObjectMapper mapper(ResponseLimit limit, int maxDepth) {
    return new JsonMapper(
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxDocumentLength(limit.maxBytes())
                    .maxTokenCount(limit.maxTokens())
                    .maxStringLength(Math.toIntExact(limit.maxBytes()))
                    .maxNestingDepth(maxDepth)
                    .build())
            // Interned names are never freed, and an agent chooses the names.
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build());
  }

  /** A buffer that is parsed without a copy. */
  private static final class Buffer extends ByteArrayOutputStream {
    JsonParser parser(ObjectMapper mapper) throws IOException {
      return mapper.createParser(buf, 0, count);
    }

    boolean startsWith(String beginning) {
      if (count < beginning.length()) return false;
      for (int n = 0; n < beginning.length(); n++) {
        if (buf[n] != beginning.charAt(n)) return false;
      }
      return true;
    }
  }
}

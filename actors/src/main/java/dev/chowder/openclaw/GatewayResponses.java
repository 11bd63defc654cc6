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
 * Receives and parses the responses of gateways, which agents control. Each method limits bytes and
 * JSON tokens, and a node limits the memory of all responses that it holds. Tokens count because a
 * small text can become a large tree: each {@code {}}, which is three bytes with its comma, takes
 * about a hundred. Text counts several times: as bytes, as characters and as strings.
 *
 * <p>The factors are upper bounds of what was measured for 24 forms of JSON with compressed
 * references; {@code GatewayResponsesTest} measures the worst of them again.
 */
public final class GatewayResponses {
  /** The most bytes that a token takes in a tree: an empty object or array, or an entry of one. */
  private static final int TOKEN_BYTES = 100;

  /** Bytes for each byte of text while it arrives, since the buffer doubles. */
  private static final int ARRIVING = 2;

  /** While it is parsed: the buffer, and one string of all characters before and after a copy. */
  private static final int PARSING = 9;

  /** In the tree: two bytes for each character, if one of a string needs them. */
  private static final int PARSED = 3;

  private final OpenClawSettings.Responses settings;
  private final AtomicLong held = new AtomicLong();
  private final Map<ResponseLimit, ObjectMapper> mappers = new ConcurrentHashMap<>();

  public GatewayResponses(OpenClawSettings.Responses settings) {
    this.settings = settings;
  }

  /** Returns an empty response to {@code method}, to be filled as it arrives. */
  Incoming begin(String method) {
    return new Incoming(settings.limit(method));
  }

  /** Returns an estimate of the bytes that responses take now, beyond the free bytes of each. */
  long heldBytes() {
    return held.get();
  }

  /** A response that is not accepted. */
  static final class RejectedException extends IOException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // Never serialized: it is thrown and caught within one call.
    private final AdminAnswer why;

    RejectedException(AdminAnswer why) {
      super(why.toString());
      this.why = why;
    }

    /** Returns what the caller gets instead. */
    AdminAnswer why() {
      return why;
    }
  }

  /**
   * One response while it arrives and until its caller is done with it. Thread-safe: a caller that
   * timed out closes it while more arrives.
   */
  final class Incoming implements AutoCloseable {
    private final ResponseLimit limit;
    private Buffer text = new Buffer();
    private long reserved;

    /** The bytes that the largest tree of this response takes. */
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
      // Memory that is reserved after the end would never be released.
      if (closed) throw new RejectedException(new NoAnswer("the call has ended"));
      if (text.size() + (long) more.remaining() > limit.bytes()) {
        throw new RejectedException(
            new NoAnswer("an answer of more than " + limit.bytes() + " bytes"));
      }
      atLeast(ARRIVING * (text.size() + (long) more.remaining()));
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

    /** Whether what arrived so far begins like this text in ASCII. */
    synchronized boolean startsWith(String beginning) {
      return text.startsWith(beginning);
    }

    /**
     * Parses the whole text, and drops it. Counts its tokens before it builds a tree of them.
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
        atLeast(PARSING * bytes + tokens * TOKEN_BYTES);
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
                "an answer of more than %d tokens, or more than %d levels"
                    .formatted(limit.tokens(), settings.maxDepth())));
      }
    }

    private void atLeast(long bytes) throws RejectedException {
      if (Math.max(0, bytes - settings.freeBytes()) > reserved) reserve(bytes);
    }

    private void reserve(long bytes) throws RejectedException {
      long more = Math.max(0, bytes - settings.freeBytes()) - reserved;
      if (held.addAndGet(more) > settings.maxHeldBytes() && more > 0) {
        held.addAndGet(-more);
        throw new RejectedException(
            new Busy("this node receives too many large answers of agents at once"));
      }
      reserved += more;
    }

    /** Releases the memory; the tree must not be used for long after. */
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
                    .maxDocumentLength(limit.bytes())
                    .maxTokenCount(limit.tokens())
                    .maxStringLength(Math.toIntExact(limit.bytes()))
                    .maxNestingDepth(maxDepth)
                    .build())
            // An agent chooses the names, so interning them would let it leak memory.
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build());
  }

  /** A buffer whose bytes are parsed without a copy. */
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

package dev.chowder.server.idempotency;

import dev.chowder.server.rpc.RpcFacts;

/**
 * Decides what an idempotency key means for a method. Derives that from the facts of the protocol,
 * so that new RPCs need no registration.
 */
public final class KeyedMethods {
  /** How a method treats the header. */
  public enum Use {
    /** The call is performed once. */
    KEYED,
    /** The call cannot be repeated, so a key is rejected. */
    REJECTED,
    /**
     * The call is repeatable without a key, as GET, PATCH, PUT and DELETE are. The key is ignored.
     */
    UNUSED
  }

  private KeyedMethods() {}

  /** Returns how a method with these facts treats the header. */
  public static Use useOf(RpcFacts facts) {
    if (!facts.posted()) return Use.UNUSED;
    boolean repeatable =
        facts.unary()
            && !facts.needsNoKey()
            // Files and other raw bodies are too large to be stored, and never a command.
            && !facts.hasRawBody();
    return repeatable ? Use.KEYED : Use.REJECTED;
  }
}

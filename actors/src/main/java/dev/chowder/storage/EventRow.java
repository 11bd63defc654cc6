package dev.chowder.storage;

import com.google.protobuf.ByteString;

/**
 * An event as it lies in the journal.
 *
 * @param ordering grows in the order of writing, with gaps; unique in the whole journal
 * @param persistenceId {@code <type>|<id>}
 * @param sequenceNumber of the event among its entity's, from 1
 * @param payload what the journal of its type wrote
 */
public record EventRow(
    long ordering, String persistenceId, long sequenceNumber, ByteString payload) {}

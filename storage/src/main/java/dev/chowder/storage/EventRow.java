package dev.chowder.storage;

import com.google.protobuf.ByteString;

/**
 * A stored event of the journal.
 *
 * @param ordering increases in the order of writing, with gaps; unique in the whole journal
 * @param persistenceId {@code <type>|<id>}
 * @param sequenceNumber number of the event among its entity's events, from 1
 * @param payload the serialized event
 */
public record EventRow(
    long ordering, String persistenceId, long sequenceNumber, ByteString payload) {}

package dev.chowder.actor;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdDelegatingDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.util.StdConverter;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Map;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * Stores the states of all aggregates as CBOR, for snapshots. A snapshot is a cache of the events:
 * only a version whose states have the same {@link StateShape} reads it, and any other version
 * reads the events. So a state may change without regard to stored snapshots.
 *
 * <p>A serializer rather than a snapshot adapter: a snapshot that it cannot read counts as missing,
 * while a failing adapter would fail each recovery.
 */
public final class SnapshotSerializer extends SerializerWithStringManifest {
  /**
   * Stored with each snapshot. Identifiers 7301 and 7302 must never be used again: 0.1.0 stored
   * Protobuf messages with them.
   */
  private static final int IDENTIFIER = 7303;

  private static final String SEPARATOR = ":";

  /** Without annotations, which are for messages and rows and may rename or omit components. */
  private static final ObjectMapper CBOR =
      CBORMapper.builder()
          .configure(MapperFeature.USE_ANNOTATIONS, false)
          .visibility(PropertyAccessor.ALL, Visibility.NONE)
          .visibility(PropertyAccessor.FIELD, Visibility.ANY)
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .addModules(new Jdk8Module(), new JavaTimeModule(), persistentMaps())
          .build();

  /** Returns a module for the only persistent map in a state, from ids to times. */
  private static SimpleModule persistentMaps() {
    return new SimpleModule()
        .addDeserializer(
            PMap.class,
            new StdDelegatingDeserializer<>(
                new StdConverter<Map<String, Instant>, PMap<String, Instant>>() {
                  @Override
                  public PMap<String, Instant> convert(Map<String, Instant> map) {
                    return HashTreePMap.from(map);
                  }
                }));
  }

  @Override
  public int identifier() {
    return IDENTIFIER;
  }

  /** Returns the name of the state's record and the hash of the shape of all states. */
  @Override
  public String manifest(Object state) {
    return manifest(state.getClass());
  }

  private static String manifest(Class<?> state) {
    return state.getName() + SEPARATOR + StateShape.hash(state);
  }

  @Override
  public byte[] toBinary(Object state) {
    try {
      return CBOR.writeValueAsBytes(state);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  /** Only the failure of a snapshot of this version has a cause. */
  @Override
  public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
    var state = stateOf(manifest);
    try {
      return CBOR.readValue(bytes, state);
    } catch (IOException | RuntimeException why) {
      var unreadable = new NotSerializableException(cannot("read the snapshot", why.toString()));
      unreadable.initCause(why);
      throw unreadable;
    }
  }

  private static Class<?> stateOf(String manifest) throws NotSerializableException {
    try {
      var state = Class.forName(manifest.substring(0, manifest.indexOf(SEPARATOR)));
      if (manifest.equals(manifest(state))) return state;
    } catch (ClassNotFoundException | RuntimeException unknown) {
      // Another version has this state.
    }
    throw new NotSerializableException(
        cannot(
            "read the snapshot",
            must("its manifest", "be that of this version's state", manifest)));
  }
}

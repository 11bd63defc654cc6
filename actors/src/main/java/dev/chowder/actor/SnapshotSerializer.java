package dev.chowder.actor;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import java.io.NotSerializableException;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/**
 * Stores the states of one kind of entity as Protobuf messages, for snapshots. A serializer rather
 * than a snapshot adapter: if it cannot read a snapshot, the snapshot store cannot load it, and the
 * events are read instead ({@code snapshot-is-optional}). A failing adapter would fail each
 * recovery.
 *
 * @param <S> the state
 */
public abstract class SnapshotSerializer<S> extends SerializerWithStringManifest {
  private static final String MANIFEST = "1";

  private final int identifier;
  private final Class<S> states;

  /**
   * Creates a serializer.
   *
   * @param identifier stored with each snapshot, so it must never change
   */
  protected SnapshotSerializer(int identifier, Class<S> states) {
    this.identifier = identifier;
    this.states = states;
  }

  /** Returns the message that stores a state. */
  protected abstract MessageLite stored(S state);

  /** Returns the state in a stored message; throws if this version cannot read it. */
  protected abstract S state(byte[] stored) throws InvalidProtocolBufferException;

  @Override
  public final int identifier() {
    return identifier;
  }

  @Override
  public final String manifest(Object state) {
    return MANIFEST;
  }

  @Override
  public final byte[] toBinary(Object state) {
    return stored(states.cast(state)).toByteArray();
  }

  @Override
  public final Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
    if (!manifest.equals(MANIFEST)) {
      throw new NotSerializableException(must("snapshot", "be of version " + MANIFEST, manifest));
    }
    try {
      return state(bytes);
    } catch (InvalidProtocolBufferException | RuntimeException why) {
      var unreadable = new NotSerializableException(cannot("read the snapshot", why.toString()));
      unreadable.initCause(why);
      throw unreadable;
    }
  }
}

package dev.chowder.actor;

import com.google.protobuf.Timestamp;
import java.time.Instant;

/** Converts times between Java and Protobuf, to the nanosecond. */
public final class ProtoTime {
  private ProtoTime() {}

  public static Timestamp stamp(Instant at) {
    return Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()).build();
  }

  public static Instant instant(Timestamp stamp) {
    return Instant.ofEpochSecond(stamp.getSeconds(), stamp.getNanos());
  }
}

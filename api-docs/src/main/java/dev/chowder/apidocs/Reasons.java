package dev.chowder.apidocs;

import com.google.rpc.Code;
import dev.chowder.api.v1.ErrorProto;
import dev.chowder.api.v1.ErrorStatus;
import dev.chowder.api.v1.Reason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/** The statuses that the protocol declares for each reason of an error. */
public final class Reasons {
  private static final Map<Reason, ErrorStatus> ALL = declared();

  private Reasons() {}

  private static Map<Reason, ErrorStatus> declared() {
    var all = new EnumMap<Reason, ErrorStatus>(Reason.class);
    for (var value : Reason.getDescriptor().getValues()) {
      if (!value.getOptions().hasExtension(ErrorProto.error)) continue;
      all.put(Reason.valueOf(value), value.getOptions().getExtension(ErrorProto.error));
    }
    return Collections.unmodifiableMap(all);
  }

  /** Returns all reasons that an error can have, in the order of their declaration. */
  public static Set<Reason> all() {
    return ALL.keySet();
  }

  /** Returns the HTTP status of a reason over REST. */
  public static int http(Reason reason) {
    return status(reason).getHttp();
  }

  /** Returns the gRPC code of a reason. */
  public static Code code(Reason reason) {
    return status(reason).getCode();
  }

  private static ErrorStatus status(Reason reason) {
    var status = ALL.get(reason);
    if (status == null) throw new IllegalArgumentException(reason + ": must be a declared reason");
    return status;
  }
}

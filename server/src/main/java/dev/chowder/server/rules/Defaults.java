package dev.chowder.server.rules;

import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.Descriptors.Descriptor;
import dev.chowder.api.v1.RulesProto;

/** Reads the values of absent fields from the protocol. */
public final class Defaults {
  private Defaults() {}

  /** Returns the value that the protocol declares for an absent field. */
  public static int of(Descriptor message, String field) {
    var options = message.findFieldByName(field).getOptions();
    if (!options.hasExtension(RulesProto.defaultValue)) {
      throw new IllegalArgumentException(must(field, "have a default"));
    }
    return options.getExtension(RulesProto.defaultValue);
  }
}

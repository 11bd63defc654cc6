package dev.chowder.server.rules;

import static dev.chowder.base.ErrorText.cannot;

import build.buf.protovalidate.Config;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.CompilationException;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.ValidateProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Message;
import dev.chowder.api.operator.v1.OperatorServiceProto;
import dev.chowder.api.v1.ChannelServiceProto;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.FileServiceProto;
import dev.chowder.api.v1.InstanceServiceProto;
import dev.chowder.api.v1.KeyServiceProto;
import dev.chowder.api.v1.OrganizationServiceProto;
import dev.chowder.api.v1.SkillServiceProto;
import dev.chowder.api.v1.SubscriptionServiceProto;
import dev.chowder.server.error.ApiError;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Checks messages against the rules of their fields ({@code buf.validate}). The rules are a part of
 * the protocol, so they are compiled once per process.
 */
public final class RuleCheck {
  /** So that all classes are loaded when the first caller comes. */
  private static final int TRAINING_RUNS = 50;

  /**
   * The most entries of a map whose rules are checked. The rules of 100,000 entries would take a
   * tenth of a second or more.
   */
  private static final int MAX_ENTRIES = 1000;

  private RuleCheck() {}

  /** Initialized by the first check, or before it by {@link #prepare}. Other checks wait. */
  private static final class Compiled {
    static final Validator VALIDATOR = compile();

    private Compiled() {}

    private static Validator compile() {
      try {
        return validator(requests());
      } catch (CompilationException e) {
        throw new IllegalStateException(cannot("compile the rules of fields", "see the cause"), e);
      }
    }
  }

  /** Returns the types of all requests of the API and of operators. */
  static List<Descriptor> requests() {
    return Stream.of(
            InstanceServiceProto.getDescriptor(),
            FileServiceProto.getDescriptor(),
            ChannelServiceProto.getDescriptor(),
            SkillServiceProto.getDescriptor(),
            OrganizationServiceProto.getDescriptor(),
            KeyServiceProto.getDescriptor(),
            SubscriptionServiceProto.getDescriptor(),
            OperatorServiceProto.getDescriptor())
        .flatMap(file -> file.getServices().stream())
        .flatMap(service -> service.getMethods().stream())
        .map(MethodDescriptor::getInputType)
        .toList();
  }

  /**
   * Returns a validator that reports the first violation, in the order of the fields.
   *
   * @param first types whose rules are compiled now; those of other types are compiled when needed
   */
  static Validator validator(List<Descriptor> first) throws CompilationException {
    var config = Config.newBuilder().setFailFast(true).build();
    return ValidatorFactory.newBuilder().withConfig(config).buildWithDescriptors(first, false);
  }

  /**
   * Compiles the rules in the background. Otherwise the first caller would wait for it, which takes
   * half a second without an AOT cache.
   *
   * @return ends when the rules are compiled; fails if they cannot be
   */
  public static CompletableFuture<Void> prepare() {
    return CompletableFuture.runAsync(
        RuleCheck::train, task -> Thread.ofPlatform().daemon().name("rules").start(task));
  }

  private static void train() {
    var valid = CreateInstanceRequest.newBuilder().setName("any").putLabels("any", "any").build();
    for (int n = 0; n < TRAINING_RUNS; n++) {
      check(valid);
      try {
        check(CreateInstanceRequest.getDefaultInstance());
      } catch (ApiError expected) {
        continue;
      }
      throw new IllegalStateException("name: must be rejected if it is empty");
    }
  }

  /**
   * Returns if the message is within its rules. Also returns if the first violation is a malformed
   * id, since the service then responds that the id is unknown.
   *
   * @throws ApiError {@code INVALID_FIELD} for the first violation otherwise
   */
  public static void check(Message message) {
    check("", message);
  }

  /**
   * Like {@link #check(Message)}, for a part of a request.
   *
   * @param prefix what errors have before the name of the field
   */
  public static void check(String prefix, Message message) {
    boundEntries(prefix, message);
    try {
      var violations = Compiled.VALIDATOR.validate(message).getViolations();
      if (violations.isEmpty()) return;
      var first = violations.getFirst().toProto();
      if (Violations.isOfId(first)) return;
      throw Violations.error(prefix, message, first);
    } catch (ValidationException e) {
      throw new IllegalStateException(
          cannot("check " + message.getDescriptorForType().getFullName(), "see the cause"), e);
    }
  }

  private static void boundEntries(String prefix, Message message) {
    for (var field : message.getDescriptorForType().getFields()) {
      if (!field.isMapField()) continue;
      int entries = message.getRepeatedFieldCount(field);
      if (entries > MAX_ENTRIES) {
        var rules = field.getOptions().getExtension(ValidateProto.field).getMap();
        long most = rules.hasMaxPairs() ? rules.getMaxPairs() : MAX_ENTRIES;
        throw ApiError.must(prefix + field.getName(), "have at most " + most + " entries", entries);
      }
    }
  }
}

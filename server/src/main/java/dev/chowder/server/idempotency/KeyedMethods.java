package dev.chowder.server.idempotency;

import com.google.api.AnnotationsProto;
import com.google.api.HttpBody;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Decides what an idempotency key means for a method. Reads that from the descriptor, so that new
 * RPCs need no registration.
 */
public final class KeyedMethods {
  private final Set<String> withoutCaller;

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

  /**
   * Creates the rules.
   *
   * @param withoutCaller full names of methods that need no key of an organization
   */
  public KeyedMethods(Set<String> withoutCaller) {
    this.withoutCaller = Set.copyOf(withoutCaller);
  }

  /** Returns how this method treats the header. */
  public Use useOf(io.grpc.MethodDescriptor<?, ?> method) {
    if (!(method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema)) {
      return Use.UNUSED;
    }
    var descriptor = schema.getMethodDescriptor();
    if (!isPost(descriptor)) return Use.UNUSED;
    boolean repeatable =
        method.getType() == io.grpc.MethodDescriptor.MethodType.UNARY
            && !withoutCaller.contains(method.getFullMethodName())
            // Files and other raw bodies are too large to be stored, and never a command.
            && !carriesRawBody(descriptor.getInputType());
    return repeatable ? Use.KEYED : Use.REJECTED;
  }

  /** Returns whether the response has a field that may be shown only once (debug_redact). */
  static boolean hasSecretResponse(io.grpc.MethodDescriptor<?, ?> method) {
    return method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema
        && anyField(
            schema.getMethodDescriptor().getOutputType(),
            field -> field.getOptions().getDebugRedact(),
            new HashSet<>());
  }

  private static boolean isPost(MethodDescriptor method) {
    return method.getOptions().hasExtension(AnnotationsProto.http)
        && method.getOptions().getExtension(AnnotationsProto.http).hasPost();
  }

  private static boolean carriesRawBody(Descriptor request) {
    return request.equals(HttpBody.getDescriptor())
        || request.getFields().stream()
            .anyMatch(
                field ->
                    field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                        && field.getMessageType().equals(HttpBody.getDescriptor()));
  }

  private static boolean anyField(
      Descriptor message, Predicate<FieldDescriptor> wanted, Set<Descriptor> seen) {
    return seen.add(message)
        && message.getFields().stream()
            .anyMatch(
                field ->
                    wanted.test(field)
                        || (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                            && anyField(field.getMessageType(), wanted, seen)));
  }
}

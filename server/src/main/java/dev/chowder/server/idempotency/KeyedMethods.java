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
 * What a key means to a method, read from its descriptor, so that a new RPC is covered without
 * being named anywhere. It knows which methods need no caller only because it is told.
 */
public final class KeyedMethods {
  private final Set<String> withoutCaller;

  /** What becomes of the header. */
  public enum Use {
    /** The call is made once. */
    KEYED,
    /** The call cannot be given again, so who sends a key must not think it can. */
    REFUSED,
    /** The call is repeatable as it is: a GET, PATCH, PUT or DELETE. */
    NEEDLESS
  }

  /**
   * Knows all methods by their descriptors.
   *
   * @param withoutCaller full names of methods that need no key of an organization
   */
  public KeyedMethods(Set<String> withoutCaller) {
    this.withoutCaller = Set.copyOf(withoutCaller);
  }

  /** What a key means to this method. */
  public Use useOf(io.grpc.MethodDescriptor<?, ?> method) {
    if (!(method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema)) {
      return Use.NEEDLESS;
    }
    var descriptor = schema.getMethodDescriptor();
    if (!isPost(descriptor)) return Use.NEEDLESS;
    boolean repeatable =
        method.getType() == io.grpc.MethodDescriptor.MethodType.UNARY
            && !withoutCaller.contains(method.getFullMethodName())
            // Files and other raw bodies: too large to be kept, and never a command.
            && !carriesRawBody(descriptor.getInputType());
    return repeatable ? Use.KEYED : Use.REFUSED;
  }

  /** Whether the answer has a field that may be shown once only: one marked debug_redact. */
  static boolean answersWithSecret(io.grpc.MethodDescriptor<?, ?> method) {
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

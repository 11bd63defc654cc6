package dev.chowder.server.rpc;

import com.google.api.AnnotationsProto;
import com.google.api.HttpBody;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.OptionsProto;
import dev.chowder.api.v1.Rpc;
import dev.chowder.key.Permission;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * The facts that the protocol states about an RPC: the option {@code rpc}, the verb over REST and
 * the kind of its messages. Read from the descriptor once per method, so that interceptors may ask
 * in each call. A method without the option, such as those of reflection, requires an organization
 * key and returns 200.
 *
 * @param declared the option {@code rpc} as declared; empty if the method has none
 * @param permission the permission that lets a scoped key call the RPC; empty if the RPC requires
 *     an organization key
 * @param successStatus the HTTP status of a success
 * @param changes whether the RPC may change something: its verb over REST is not GET
 * @param unary whether request and response are one message each
 * @param posted whether its verb over REST is POST
 * @param hasRawBody whether the body of the request is passed on unread, such as a file
 * @param hasSecretResponse whether the response has a field that may be shown only once ({@code
 *     debug_redact})
 */
public record RpcFacts(
    Rpc declared,
    Optional<Permission> permission,
    int successStatus,
    boolean changes,
    boolean unary,
    boolean posted,
    boolean hasRawBody,
    boolean hasSecretResponse) {
  private static final int OK = 200;

  private static final RpcFacts NONE =
      new RpcFacts(
          Rpc.getDefaultInstance(), Optional.empty(), OK, false, false, false, false, false);

  /** Has only methods of the services that the server serves, so its size is bounded. */
  private static final Map<io.grpc.MethodDescriptor<?, ?>, RpcFacts> KNOWN =
      new ConcurrentHashMap<>();

  /** Returns the facts about a method of a service that gRPC serves. */
  public static RpcFacts of(io.grpc.MethodDescriptor<?, ?> method) {
    if (!(method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema)) {
      return NONE;
    }
    var known = KNOWN.get(method);
    return known == null
        ? KNOWN.computeIfAbsent(method, _ -> of(schema.getMethodDescriptor()))
        : known;
  }

  /** Returns the facts about a method of a descriptor set; reads the descriptor each time. */
  public static RpcFacts of(MethodDescriptor method) {
    var declared = method.getOptions().getExtension(OptionsProto.rpc);
    var http = method.getOptions().getExtension(AnnotationsProto.http);
    return new RpcFacts(
        declared,
        declared.getPermission() == Key.Permission.unspecified
            ? Optional.empty()
            : Optional.of(Permission.ofLabel(declared.getPermission().name())),
        declared.getSuccessStatus() == 0 ? OK : declared.getSuccessStatus(),
        !http.hasGet(),
        !method.isClientStreaming() && !method.isServerStreaming(),
        http.hasPost(),
        isRawBody(method.getInputType())
            || method.getInputType().getFields().stream().anyMatch(RpcFacts::isRawBody),
        anyField(
            method.getOutputType(), field -> field.getOptions().getDebugRedact(), new HashSet<>()));
  }

  /** Returns whether the RPC is called without a key. */
  public boolean needsNoKey() {
    return declared.getNeedsNoKey();
  }

  private static boolean isRawBody(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
        && isRawBody(field.getMessageType());
  }

  /** Compares names, because the type of a descriptor set is not the generated one. */
  private static boolean isRawBody(Descriptor message) {
    return message.getFullName().equals(HttpBody.getDescriptor().getFullName());
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

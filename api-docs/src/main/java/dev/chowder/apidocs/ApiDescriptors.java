package dev.chowder.apidocs;

import build.buf.validate.ValidateProto;
import com.google.api.AnnotationsProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.GenericDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.ExtensionRegistry;
import dev.chowder.api.v1.ErrorProto;
import dev.chowder.api.v1.OptionsProto;
import dev.chowder.api.v1.RulesProto;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The compiled API with its comments: the descriptor set that Envoy's transcoder reads. Classes
 * generated from the same files have no comments.
 */
public final class ApiDescriptors {
  private static final String SET = "/chowder/chowder.pb";

  /**
   * The services as documents list them: instances first, then what an instance contains, then the
   * organization that owns them.
   */
  private static final List<String> ORDER =
      List.of(
          "InstanceService",
          "FileService",
          "ChannelService",
          "SkillService",
          "OrganizationService",
          "KeyService",
          "SubscriptionService");

  // Field numbers of descriptor.proto, of which a comment's path consists.
  private static final int MESSAGES = 4;
  private static final int ENUMS = 5;
  private static final int SERVICES = 6;
  private static final int FIELDS_OR_VALUES_OR_METHODS = 2;
  private static final int NESTED_MESSAGES = 3;
  private static final int NESTED_ENUMS = 4;

  private final Map<String, FileDescriptor> files = new HashMap<>();
  private final Map<String, Map<List<Integer>, String>> comments = new HashMap<>();

  private ApiDescriptors() {}

  /** Reads the descriptor set. */
  public static ApiDescriptors read() throws IOException {
    var extensions = ExtensionRegistry.newInstance();
    AnnotationsProto.registerAllExtensions(extensions);
    ErrorProto.registerAllExtensions(extensions);
    OptionsProto.registerAllExtensions(extensions);
    RulesProto.registerAllExtensions(extensions);
    ValidateProto.registerAllExtensions(extensions);
    var api = new ApiDescriptors();
    try (var in = ApiDescriptors.class.getResourceAsStream(SET)) {
      var set = FileDescriptorSet.parseFrom(Objects.requireNonNull(in, SET), extensions);
      // Each file comes after the files that it imports.
      for (var file : set.getFileList()) api.add(file);
    } catch (DescriptorValidationException e) {
      throw new IOException(e);
    }
    return api;
  }

  private void add(FileDescriptorProto file) throws DescriptorValidationException {
    var imports = file.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
    files.put(file.getName(), FileDescriptor.buildFrom(file, imports));
    var ofFile = new HashMap<List<Integer>, String>();
    for (Location place : file.getSourceCodeInfo().getLocationList()) {
      ofFile.put(place.getPathList(), place.getLeadingComments());
    }
    comments.put(file.getName(), ofFile);
  }

  /** Returns the public services in the order of {@link #ORDER}. */
  public List<ServiceDescriptor> services() {
    return files.values().stream()
        .filter(file -> file.getPackage().equals("chowder.v1"))
        .flatMap(file -> file.getServices().stream())
        .sorted(Comparator.comparingInt(ApiDescriptors::position))
        .toList();
  }

  /** Returns the services of the operator API. */
  List<ServiceDescriptor> operatorServices() {
    return files.values().stream()
        .filter(file -> file.getPackage().equals("chowder.operator.v1"))
        .flatMap(file -> file.getServices().stream())
        .toList();
  }

  private static int position(ServiceDescriptor service) {
    int position = ORDER.indexOf(service.getName());
    if (position < 0) {
      throw new IllegalStateException(service.getName() + ": must have a place in ApiDescriptors");
    }
    return position;
  }

  /** Returns an enum with its comments. */
  EnumDescriptor type(EnumDescriptor generated) {
    return Objects.requireNonNull(files.get(generated.getFile().getName()))
        .findEnumTypeByName(generated.getName());
  }

  /** Returns the comment above an element, one line per paragraph. */
  String comment(GenericDescriptor of) {
    var text = comments.getOrDefault(of.getFile().getName(), Map.of()).get(path(of));
    if (text == null || text.isBlank()) {
      throw new IllegalStateException(of.getFullName() + ": no comment");
    }
    return text.strip()
        .replaceAll("[ \t]*\n[ \t]*\n[ \t]*", "\0")
        .replaceAll("\\s+", " ")
        .replace('\0', '\n');
  }

  private static List<Integer> path(GenericDescriptor of) {
    return switch (of) {
      case ServiceDescriptor service -> List.of(SERVICES, service.getIndex());
      case MethodDescriptor method ->
          below(method.getService(), FIELDS_OR_VALUES_OR_METHODS, method.getIndex());
      case FieldDescriptor field ->
          below(field.getContainingType(), FIELDS_OR_VALUES_OR_METHODS, field.getIndex());
      case EnumValueDescriptor value ->
          below(value.getType(), FIELDS_OR_VALUES_OR_METHODS, value.getIndex());
      case Descriptor message ->
          message.getContainingType() == null
              ? List.of(MESSAGES, message.getIndex())
              : below(message.getContainingType(), NESTED_MESSAGES, message.getIndex());
      case EnumDescriptor type ->
          type.getContainingType() == null
              ? List.of(ENUMS, type.getIndex())
              : below(type.getContainingType(), NESTED_ENUMS, type.getIndex());
      default -> throw new IllegalArgumentException(of.getFullName());
    };
  }

  private static List<Integer> below(GenericDescriptor parent, int kind, int index) {
    var path = new ArrayList<>(path(parent));
    path.add(kind);
    path.add(index);
    return path;
  }
}

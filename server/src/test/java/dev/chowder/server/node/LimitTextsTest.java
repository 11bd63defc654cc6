package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.protobuf.Descriptors;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.chowder.base.ErrorText;
import dev.chowder.server.edge.LimitProbes;
import dev.chowder.server.edge.LimitProbes.Probe;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rpc.ApiMethods;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sends a value beyond each documented limit, and the last one within it, to a node, and compares
 * status, reason and text of each error with a recorded file. Callers read these texts, so a change
 * of the file is a change of the API.
 */
class LimitTextsTest {
  private static final Path DOCUMENT = Path.of("..", "envoy", "openapi.json");
  private static final Path TEXTS = Path.of("src/test/resources/limit-texts.txt");

  /** Fewer probes would mean that the test no longer finds the limits. */
  private static final int FEWEST = 60;

  private static final String NO_INSTANCE = "01900000-0000-7000-8000-000000000000";

  /** A field of a request, and the value that a probe gives it. */
  private record Place(Descriptors.MethodDescriptor method, String field, JsonNode schema) {}

  private final JsonNode document = new ObjectMapper().readTree(DOCUMENT.toFile());

  LimitTextsTest() throws IOException {}

  @Test
  void theTextsAreAsRecorded(@TempDir Path home) throws IOException {
    var lines = new TreeSet<String>();
    var settings =
        Map.<String, Object>of(
            "chowder.rate.sign-ups-per-hour", 1000, "chowder.rate.sign-up-burst", 1000);
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("whale");
      var instance = node.createRunning(key);
      for (var place : places()) {
        for (var probe : LimitProbes.of(place.schema())) {
          // An instance that does not exist: the call must get as far as the search for it.
          var id = probe.within() ? NO_INSTANCE : instance;
          // Its success ends the key.
          var caller =
              place.method().getName().equals("RotateApiKey") ? node.newcomer("crab") : key;
          lines.add(
              place.method().getName()
                  + " "
                  + place.field()
                  + ", "
                  + probe.what().replaceAll("\\p{Cntrl}", "?")
                  + ": "
                  + answer(node, caller, id, place, probe));
        }
      }
    }
    assertThat(lines).hasSizeGreaterThan(FEWEST);
    var text = String.join("\n", lines) + "\n";
    if (Boolean.getBoolean("chowder-tool.update-docs")) Files.writeString(TEXTS, text);
    assertThat(TEXTS)
        .as("run this test with -Dchowder-tool.update-docs=true, and read the difference")
        .hasContent(text);
  }

  private List<Place> places() {
    var places = new ArrayList<Place>();
    for (var method : ApiMethods.all()) {
      var descriptor =
          ((ProtoMethodDescriptorSupplier) Objects.requireNonNull(method.getSchemaDescriptor()))
              .getMethodDescriptor();
      var operation = operation(descriptor.getName());
      for (var parameter : operation.path("parameters")) {
        if (parameter.has("name")) {
          places.add(
              new Place(descriptor, parameter.get("name").asText(), parameter.get("schema")));
        }
      }
      for (var property : body(operation).path("properties").properties()) {
        places.add(new Place(descriptor, property.getKey(), resolved(property.getValue())));
      }
    }
    return places;
  }

  private JsonNode operation(String id) {
    for (var path : document.get("paths")) {
      for (var operation : path) {
        if (operation.path("operationId").asText().equals(id)) return operation;
      }
    }
    throw new AssertionError(id + ": must be in the document");
  }

  private JsonNode body(JsonNode operation) {
    return resolved(operation.at("/requestBody/content/application~1json/schema"));
  }

  private JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? document.at(node.get("$ref").asText().substring(1)) : node;
  }

  private String answer(Node node, String key, String id, Place place, Probe probe)
      throws InvalidProtocolBufferException {
    var method = place.method();
    var json = JsonNodeFactory.instance.objectNode();
    var body = body(operation(method.getName()));
    for (var required : body.path("required")) {
      json.set(required.asText(), valid(body.path("properties").path(required.asText()), id));
    }
    for (var name : List.of("instance_id", "session_id", "skill_name", "path")) {
      if (method.getInputType().findFieldByName(name) != null) {
        json.put(name, name.equals("instance_id") ? id : "none");
      }
    }
    json.set(place.field(), probe.value());
    var request = DynamicMessage.newBuilder(method.getInputType());
    JsonFormat.parser().merge(json.toString(), request);
    try {
      // The first message of a stream shows that the request was accepted.
      var _ =
          ClientCalls.blockingServerStreamingCall(
                  node.instances(key).getChannel(),
                  rpc(method),
                  CallOptions.DEFAULT,
                  request.build())
              .hasNext();
      return "accepted";
    } catch (StatusRuntimeException rejected) {
      var error = ApiError.of(Objects.requireNonNull(StatusProto.fromThrowable(rejected)));
      return rejected.getStatus().getCode()
          + " "
          + error.reason()
          + " "
          + ErrorText.excerpt(error.message(), 400);
    }
  }

  /** Returns a value that the field accepts. */
  private JsonNode valid(JsonNode property, String id) {
    var schema = resolved(property);
    if (schema.has("enum")) return schema.get("enum").get(0);
    if (!schema.path("type").asText().equals("array")) {
      return JsonNodeFactory.instance.textNode("a");
    }
    var items = resolved(schema.get("items"));
    var one = items.has("enum") ? items.get("enum").get(0) : JsonNodeFactory.instance.textNode(id);
    return JsonNodeFactory.instance.arrayNode().add(one);
  }

  private static MethodDescriptor<DynamicMessage, DynamicMessage> rpc(
      Descriptors.MethodDescriptor method) {
    return MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
        .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
        .setFullMethodName(
            MethodDescriptor.generateFullMethodName(
                method.getService().getFullName(), method.getName()))
        .setRequestMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
        .setResponseMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
        .build();
  }
}

package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.edge.LimitProbes.Probe;
import dev.chowder.server.error.ReasonFacts;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests that the limits in the OpenAPI document are the server's own: values beyond a limit are
 * rejected, values just within it are not. So each rule of the protocol has an effect, also those
 * that the server does not enforce by the rule itself.
 */
class DocumentedLimitsIT {
  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  /** Fewer limits would mean that the test no longer reads them. */
  private static final int FEWEST = 100;

  /** One way to call the API, as documented. */
  private record Call(JsonNode document, String verb, String path, JsonNode operation) {
    String name() {
      return operation.get("operationId").asText();
    }

    JsonNode body() {
      return resolved(operation.at("/requestBody/content/application~1json/schema"));
    }

    JsonNode resolved(JsonNode node) {
      return node.has("$ref") ? document.at(node.get("$ref").asText().substring(1)) : node;
    }
  }

  /** A place in a call for a value: {@code path}, {@code query}, {@code body} and so on. */
  private record Place(Call call, String in, String name) {}

  @TestFactory
  Stream<DynamicTest> everyDocumentedLimitIsEnforced() throws IOException {
    var document =
        RawHttp.send(SERVER.rest(), RawHttp.Request.of("GET", "/v1/openapi.json")).json();
    var tests = new ArrayList<DynamicTest>();
    for (var path : document.get("paths").properties()) {
      for (var verb : path.getValue().properties()) {
        var name = verb.getKey().toUpperCase(Locale.ROOT);
        tests.addAll(tests(new Call(document, name, path.getKey(), verb.getValue())));
      }
    }
    assertThat(tests).hasSizeGreaterThan(FEWEST);
    return tests.stream();
  }

  private static List<DynamicTest> tests(Call call) {
    var tests = new ArrayList<DynamicTest>();
    for (var reference : call.operation().path("parameters")) {
      var parameter = call.resolved(reference);
      var place = new Place(call, parameter.get("in").asText(), parameter.get("name").asText());
      for (var probe : LimitProbes.of(call.resolved(parameter.get("schema")))) {
        // An empty value changes the path, possibly to that of another call.
        boolean nowhere = place.in().equals("path") && probe.value().asText().isEmpty();
        if (!nowhere) tests.add(test(place, probe));
      }
    }
    for (var property : call.body().path("properties").properties()) {
      var place = new Place(call, "body", property.getKey());
      for (var probe : LimitProbes.of(call.resolved(property.getValue()))) {
        tests.add(test(place, probe));
      }
    }
    for (var required : call.body().path("required")) {
      var nothing = new Probe("nothing", JsonNodeFactory.instance.missingNode(), false);
      tests.add(test(new Place(call, "body", required.asText()), nothing));
    }
    return tests;
  }

  private static DynamicTest test(Place place, Probe probe) {
    return dynamicTest(
        place.call().name() + ": " + place.name() + ": " + probe.what(), () -> check(place, probe));
  }

  private static void check(Place place, Probe probe) throws IOException {
    var answer = answer(place, probe.value());
    if (place.call().name().equals("UpdateInstance") && place.name().equals("labels")) {
      removeLabels(place, probe.value());
    }
    boolean refused =
        answer.status() == ReasonFacts.of(Reason.INVALID_FIELD).httpStatus()
            && answer.body().contains(Reason.INVALID_FIELD.name());
    // A text that is not an id is an unknown instance; a skill's name is not an id.
    boolean isId = place.in().equals("path") && !place.name().equals("skill_name");
    boolean unknown =
        (isId || place.name().equals("instance_id"))
            && answer.status() == ReasonFacts.of(Reason.INSTANCE_NOT_FOUND).httpStatus();
    assertThat(refused || unknown)
        .as("%s to %s", answer, probe.what())
        .isNotEqualTo(probe.within());
  }

  /** Removes the labels that an update added: of several updates, an instance keeps at most 64. */
  private static void removeLabels(Place place, JsonNode added) throws IOException {
    var removed = JsonNodeFactory.instance.objectNode();
    added.fieldNames().forEachRemaining(key -> removed.put(key, ""));
    var _ = answer(place, removed);
  }

  private static RawHttp.Answer answer(Place place, JsonNode value) throws IOException {
    var key = "key";
    if (place.call().name().equals("RotateApiKey")) {
      // After a rotation without a grace period, the previous key is invalid.
      key = "rotating_key";
      SERVER.signUp(key, "");
    }
    var request = request(place, value).with("Authorization", "Bearer " + SERVER.world().get(key));
    // A watch does not end, so its beginning must suffice. A rejection ends.
    try (var exchange = RawHttp.open(SERVER.rest(), request)) {
      var head = exchange.head();
      if (head.status() < 400) return head;
    }
    return RawHttp.send(SERVER.rest(), request);
  }

  private static RawHttp.Request request(Place place, JsonNode value) {
    var call = place.call();
    var path = call.path();
    if (place.in().equals("path")) path = path.replace("{" + place.name() + "}", encoded(value));
    path =
        path.replace("{session_id}", "nobody")
            .replace("{skill_name}", "nobody")
            .replace("{instance_id}", "{running}");
    path = SERVER.world().fill(path);
    if (place.in().equals("query")) path += "?" + place.name() + "=" + encoded(value);
    var request = RawHttp.Request.of(call.verb(), path);
    if (place.in().equals("header")) request = request.with(place.name(), value.asText());
    return call.body().isMissingNode() ? request : request.json(body(place, value));
  }

  /** Returns a body with the value and all required fields. */
  private static String body(Place place, JsonNode value) {
    var body = JsonNodeFactory.instance.objectNode();
    for (var name : place.call().body().path("required")) {
      var property = place.call().body().path("properties").path(name.asText());
      body.set(name.asText(), any(place.call(), property));
    }
    if (place.in().equals("body")) {
      body.remove(place.name());
      if (!value.isMissingNode()) body.set(place.name(), value);
    }
    return body.toString();
  }

  /** Returns a valid value. Lists of texts contain ids of instances. */
  private static JsonNode any(Call call, JsonNode property) {
    var schema = call.resolved(property);
    if (schema.has("enum")) return schema.get("enum").get(0);
    if (!schema.path("type").asText().equals("array"))
      return JsonNodeFactory.instance.textNode("a");
    var items = call.resolved(schema.get("items"));
    return JsonNodeFactory.instance
        .arrayNode()
        .add(
            items.has("enum")
                ? items.get("enum").get(0)
                : JsonNodeFactory.instance.textNode(SERVER.world().get("running")));
  }

  private static String encoded(JsonNode value) {
    return URLEncoder.encode(value.asText(), StandardCharsets.UTF_8).replace("+", "%20");
  }
}

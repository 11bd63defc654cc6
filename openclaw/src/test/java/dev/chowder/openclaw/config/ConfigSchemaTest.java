package dev.chowder.openclaw.config;

import static dev.chowder.openclaw.config.MergePatchTest.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.openclaw.config.OverrideVerdict.Refused;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigSchemaTest {
  /** Has the same kinds of elements as OpenClaw's schema. */
  private static final ConfigSchema SCHEMA =
      ConfigSchema.of(
          ByteString.copyFromUtf8(
              """
              {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
               "additionalProperties": false, "properties": {
                "gateway": {"type": "object"},
                "agents": {"type": "object", "additionalProperties": false, "properties": {
                  "defaults": {"type": "object", "title": "t", "properties": {
                    "workspace": {"type": "string"}, "title": {"type": "string", "title": "Title"},
                    "model": {"anyOf": [{"type": "string"}, {"type": "object",
                      "properties": {"primary": {"type": "string"}}, "additionalProperties": false}]},
                    "heartbeat": {"type": "object", "additionalProperties": false,
                      "properties": {"every": {"type": "string", "pattern": "^[0-9]+h$"}}}},
                    "additionalProperties": false},
                  "entries": {"type": "object", "additionalProperties": {"type": "object",
                    "required": ["name", "policy"], "properties": {"name": {"type": "string"},
                      "policy": {"type": "string", "default": "open"},
                      "botToken": {"type": "string"}}}}}},
                "mode": {"anyOf": [{"type": "string", "const": "merge"},
                                   {"type": "string", "const": "replace"}]},
                "bindings": {"type": "array", "items": {"anyOf": [
                  {"type": "object", "required": ["agentId", "match"]},
                  {"type": "object", "required": ["type"]}]}},
                "size": {"type": "integer", "minimum": 1}}}
              """));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'agents.defaults.heartbeat.every': '2h'}",
        "{'agents.defaults.title': 'x'}",
        "{'agents.defaults.heartbeat.every': null}",
        "{'agents.entries.main.emoji': 'x'}",
        "{'mode': 'merge'}",
      })
  void validOverridesAreAccepted(String given) throws Exception {
    assertThat(verdict(given)).isInstanceOf(OverrideVerdict.Accepted.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "{'nonsense': 1} => nonsense => setting",
        "{'agents.defaults.heartbeat': {'evry': '1h'}} => agents.defaults.heartbeat.evry => setting",
        "{'agents.defaults.model': {'prim': 'x'}} => agents.defaults.model.prim => setting",
        "{'agents.defaults.workspace': 5} => agents.defaults.workspace => string; got number",
        "{'agents.defaults.model': 5} => agents.defaults.model => object or string; got number",
        "{'agents.entries.second': {}} => agents.entries.second => name",
        "{'mode': 'hidden-value'} => mode => merge or replace",
        "{'size': 0} => size => minimum 1",
        "{'agents.defaults.heartbeat.every': 'hidden-value'} => agents.defaults.heartbeat.every => pattern ^[0-9]+h$",
      })
  void anInvalidOverrideIsRejectedWithItsPathAndRuleButWithoutItsValue(
      String given, String path, String rule) throws Exception {
    var why = ((Refused) verdict(given)).why();
    assertThat(why.path()).isEqualTo(path);
    assertThat(why.problem()).contains(rule).doesNotContain("hidden-value");
  }

  @Test
  void anArrayIsCheckedUpToItsFirstInvalidElement() throws Exception {
    var bindings = "{'type': 1},".repeat(3) + "{},".repeat(6000) + "{}";
    var why = ((Refused) verdict("{'bindings': [" + bindings + "]}")).why();
    assertThat(why.path()).isEqualTo("bindings.3");
    assertThat(why.problem()).contains("have");
    assertThat(verdict("{'bindings': [{'type': 1}, {'agentId': 1, 'match': 2}]}"))
        .isInstanceOf(OverrideVerdict.Accepted.class);
  }

  @Test
  void tooManyValuesAreRejectedBeforeTheSchemaIsChecked() throws Exception {
    var why = ((Refused) verdict("{'bindings': [" + "{},".repeat(10_000) + "{}]}")).why();
    assertThat(why.problem()).contains("at most 10000 values; got 10003");
  }

  @Test
  void otherTextIsNotAcceptedAsASchema() {
    for (var text : new String[] {"", "{}", "[]", "no json", "{\"properties\":"}) {
      assertThatThrownBy(() -> ConfigSchema.of(ByteString.copyFromUtf8(text)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("config schema: ");
    }
  }

  private static OverrideVerdict verdict(String given) throws Exception {
    return OverrideLedger.first(
        json(given), new OverrideLimits(262144, 16, 10_000), Optional.of(SCHEMA));
  }
}

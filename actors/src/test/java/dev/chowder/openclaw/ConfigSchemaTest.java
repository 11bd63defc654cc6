package dev.chowder.openclaw;

import static dev.chowder.openclaw.MergePatchTest.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.openclaw.OverrideVerdict.Refused;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigSchemaTest {
  /** In the shapes that the real one consists of. */
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
  void whatTheSchemaAllowsIsTaken(String given) throws Exception {
    assertThat(verdict(given)).isInstanceOf(OverrideVerdict.Accepted.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "{'nonsense': 1} => nonsense: unknown (expected: a setting of this OpenClaw version)",
        "{'agents.defaults.heartbeat': {'evry': '1h'}} => agents.defaults.heartbeat.evry: unknown (expected: a setting of this OpenClaw version)",
        "{'agents.defaults.model': {'prim': 'x'}} => agents.defaults.model.prim: unknown (expected: a setting of this OpenClaw version)",
        "{'agents.defaults.workspace': 5} => agents.defaults.workspace: number (expected: string)",
        "{'agents.defaults.model': 5} => agents.defaults.model: number (expected: object or string)",
        "{'agents.entries.second': {}} => agents.entries.second: without name (expected: with it)",
        "{'mode': 'hidden-value'} => mode: another value (expected: merge | replace)",
        "{'size': 0} => size: refused (expected: minimum 1)",
        "{'agents.defaults.heartbeat.every': 'hidden-value'} => agents.defaults.heartbeat.every: refused (expected: pattern ^[0-9]+h$)",
      })
  void whatItDoesNotAllowIsRefusedWithItsPathAndWithoutItsValue(String given, String message)
      throws Exception {
    var why = ((Refused) verdict(given)).why();
    assertThat(why.message()).isEqualTo(message.strip()).doesNotContain("hidden-value");
  }

  @Test
  void whatIsNoSchemaIsNotTakenForOneThatAllowsEverything() {
    for (var text : new String[] {"", "{}", "[]", "no json", "{\"properties\":"}) {
      assertThatThrownBy(() -> ConfigSchema.of(ByteString.copyFromUtf8(text)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("config schema: ");
    }
  }

  private static OverrideVerdict verdict(String given) throws Exception {
    return OverrideLedger.first(json(given), new OverrideLimits(4096, 16), Optional.of(SCHEMA));
  }
}

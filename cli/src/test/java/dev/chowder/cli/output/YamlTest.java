package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import org.junit.jupiter.api.Test;

class YamlTest {
  @Test
  void objectsAndListsAreBlocks() {
    assertThat(yaml("{'a': 1.50, 'b': {'c': [true, null, {'d': 'x', 'e': []}, [1, 2]], 'f': {}}}"))
        .isEqualTo(
            """
            a: 1.50
            b:
              c:
                - true
                - null
                - d: "x"
                  e: []
                - - 1
                  - 2
              f: {}
            """);
  }

  @Test
  void textsStayTextsAndCannotControlTheTerminal() {
    assertThat(yaml("{'no': 'yes', 'a b': 'x: y\\n\\u001b[2J\\u009b', 'Team': ''}"))
        .isEqualTo(
            """
            "no": "yes"
            "a b": "x: y\\n\\u001b[2J\\u009b"
            "Team": ""
            """);
  }

  private static String yaml(String json) {
    return Yaml.of(JsonParser.parseString(json));
  }
}

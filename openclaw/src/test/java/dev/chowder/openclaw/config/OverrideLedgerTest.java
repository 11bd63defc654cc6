package dev.chowder.openclaw.config;

import static dev.chowder.openclaw.config.MergePatchTest.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.config.OverrideVerdict.Accepted;
import dev.chowder.openclaw.config.OverrideVerdict.Refused;
import dev.chowder.secret.Secret;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OverrideLedgerTest {
  private static final OverrideLimits LIMITS = new OverrideLimits(1024, 8, 200);
  private static final String URL = "http://i.localhost:8080";

  @Test
  void dottedKeysAndNestedObjectsMeanTheSame() throws Exception {
    var dotted =
        first("{'agents.defaults.heartbeat.every': '2h', 'agents': {'defaults': {'x': 1}}}");
    var nested = first("{'agents': {'defaults': {'heartbeat': {'every': '2h'}, 'x': 1}}}");
    assertThat(dotted.shown()).isEqualTo(nested.shown());
  }

  @Test
  void onlyKeysOfTheOutermostObjectAreSplitAtUnescapedDots() throws Exception {
    var ledger = first("{'agents.models.a\\\\.b': {'c.d': 1}}");
    assertThat(ledger.shown()).isEqualTo(json("{'agents': {'models': {'a.b': {'c.d': 1}}}}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "a.", ".a", "a..b"})
  void aKeyWithAnEmptyNameIsRejected(String key) {
    var given = OpenClawConfig.JSON.createObjectNode().put(key, 1);
    assertThat(refusal(given).path()).isEqualTo(key);
    assertThat(refusal(given).problem()).startsWith("must be names joined by dots");
  }

  @Test
  void aKeyWithMoreNamesThanLevelsIsRejected() {
    var given = OpenClawConfig.JSON.createObjectNode().put("a.".repeat(10_000) + "a", 1);
    assertThat(refusal(given))
        .isEqualTo(
            new OverrideRefusal(
                "a.a.a.a.a.a.a.a", "must have at most 8 levels of objects and arrays"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"__proto__", "constructor", "$include"})
  void aReservedNameIsRejectedAtAnyDepth(String name) {
    var given = OpenClawConfig.JSON.createObjectNode();
    given.putObject("agents").putArray("list").addObject().put(name, 1);
    assertThat(refusal(given))
        .isEqualTo(new OverrideRefusal("agents.list.0." + name, "must not be a reserved name"));
  }

  @Test
  void twoDifferentValuesOfOneSettingAreRejected() throws Exception {
    var problem = "must be given once, as a nested object or as a path; got two values";
    assertThat(refusal(json("{'a.b': 1, 'a': {'b': 2}}")))
        .isEqualTo(new OverrideRefusal("a.b", problem));
    assertThat(refusal(json("{'a.b': 1, 'a': 2}"))).isEqualTo(new OverrideRefusal("a", problem));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'gateway': {'port': 1}}                              | gateway.port",
        "{'gateway.auth.token': 'x'}                           | gateway.auth",
        "{'gateway': null}                                     | gateway",
        "{'gateway': 5}                                        | gateway",
        "{'gateway': {'controlUi': null}}                      | gateway.controlUi",
        "{'secrets.providers.mine': {'source': 'env'}}         | secrets",
        "{'skills.install.allowUploadedArchives': false} | skills.install.allowUploadedArchives",
        "{'secrets': null}                                     | secrets",
        "{'models.providers.openai.baseUrl': 'http://x'}       | models.providers.openai",
        "{'models.providers.custom': null}                     | models.providers.custom",
        "{'models.providers': {'openai ': {'baseUrl': 'https://x', 'models': []}}}"
            + " | 'models.providers.openai '",
        "{'models.providers': {' OpenAI': {}}}               | 'models.providers. OpenAI'",
        "{'models.providers': {'\u00a0google\ufeff': {}}} | 'models.providers.\u00a0google\ufeff'",
        "{'models.providers.CUSTOM.baseUrl': 'https://x'}      | models.providers.CUSTOM",
        "{'env': {'vars': {'OPENAI_BASE_URL': 'https://x/v1'}}} | env.vars.OPENAI_BASE_URL",
        "{'env': {'OPENAI_BASE_URL': 'https://x/v1'}}          | env.OPENAI_BASE_URL",
        "{'env.vars': {' ANTHROPIC_BASE_URL ': 'https://x'}}   | 'env.vars. ANTHROPIC_BASE_URL '",
        "{'models.providers': null}                            | models.providers",
        "{'models': null}                                      | models",
        "{'models': []}                                        | models",
        "{'plugins.entries.admin-http-rpc.enabled': false}     | plugins.entries.admin-http-rpc",
        "{'plugins.entries': null}                             | plugins.entries",
        "{'plugins': null}                                     | plugins",
        "{'plugins.enabled': false}                            | plugins.enabled",
        "{'plugins.deny': ['x', 'admin-http-rpc']}             | plugins.deny",
        "{'plugins.allow': ['x']}                              | plugins.allow",
      })
  void anOwnedSettingIsRejectedWithItsPath(String given, String path) throws Exception {
    assertThat(refusal(json(given)).path()).isEqualTo(path);
    var patched = OverrideLedger.empty().patched(json(given), LIMITS, Optional.empty());
    assertThat(((Refused) patched).why().path()).isEqualTo(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'gateway.controlUi.allowedOrigins': ['https://a']}",
        "{'models.providers.mine.baseUrl': 'http://x', 'models.mode': 'merge'}",
        "{'plugins.entries.browser.enabled': false}",
        "{'plugins.allow': ['admin-http-rpc']}",
        "{'messages.ackReaction': 'costs $5 or ${home}'}",
        "{'models.providers': {'openai ': null}, 'env.vars.OPENAI_BASE_URL': null}",
        "{'models.providers': {'openai-2': {'baseUrl': 'http://x'}}, 'env.vars.BASE_URLS': 'x'}",
        "{'hooks.mappings': [{'match': {'source': 'mail', 'path': '/x'}}]}",
        "{'security.installPolicy.exec': {'source': 'exec', 'command': '/bin/true'}}",
      })
  void otherSettingsAreAccepted(String given) throws Exception {
    assertThat(OverrideLedger.first(json(given), LIMITS, Optional.empty()))
        .isInstanceOf(Accepted.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'models.providers.mine.apiKey': {'source': 'file', 'provider': 'p', 'id': 'value'}}"
            + " | models.providers.mine.apiKey",
        "{'models.providers.mine.apiKey': {'source': 'store', 'id': 'x'}}"
            + " | models.providers.mine.apiKey",
        "{'models.providers.mine.apiKey.source': 'exec'}     | models.providers.mine.apiKey",
        "{'channels': {'x': [{'token': {'source': 'env'}}]}} | channels.x.0.token",
        "{'models.providers.mine.apiKey': '$OPENAI_API_KEY'} | models.providers.mine.apiKey",
        "{'tools.web.headers': {'a.b': 'Bearer ${A_KEY}!'}}  | tools.web.headers.a\\.b",
        "{'channels.x.token': '$${A_KEY}'}                   | channels.x.token",
      })
  void aSecretReferenceIsRejectedWithItsPath(String given, String path) throws Exception {
    assertThat(refusal(json(given)))
        .isEqualTo(new OverrideRefusal(path, "must be the value itself; got a secret reference"));
    var patched = OverrideLedger.empty().patched(json(given), LIMITS, Optional.empty());
    assertThat(((Refused) patched).why().path()).isEqualTo(path);
  }

  @Test
  void tooLargeAndTooDeepOverridesAreRejected() throws Exception {
    var big = OpenClawConfig.JSON.createObjectNode().put("a", "x".repeat(2000));
    assertThat(refusal(big))
        .isEqualTo(new OverrideRefusal("", "must be at most 1024 bytes; got 2008"));
    assertThat(refusal(json("{'a.b.c.d.e.f.g.h': {}}")).path()).isEqualTo("a.b.c.d.e.f.g.h");
    assertThat(first("{'a.b.c.d.e.f.g': {}}")).isNotNull();
  }

  @Test
  void theSizeLimitCoversAllPatchesTogether() throws Exception {
    var ledger = first("{'a': '" + "x".repeat(900) + "'}");
    var verdict =
        ledger.patched(json("{'b': '" + "x".repeat(900) + "'}"), LIMITS, Optional.empty());
    assertThat(verdict).isInstanceOf(Refused.class);
  }

  @Test
  void nullRemovesAnOverrideAndItsSettingInTheFile() throws Exception {
    var ledger = first("{'agents.a': 1, 'agents.b': 2}").applied();
    var patched = patched(ledger, "{'agents.a': null}");
    assertThat(patched.shown()).isEqualTo(json("{'agents': {'b': 2}}"));
    var file = json("{'agents': {'a': 1, 'b': 2, 'c': 3}}");
    OpenClawConfig.apply(file, patched.pending(), URL);
    assertThat(file.get("agents")).isEqualTo(json("{'b': 2, 'c': 3}"));
  }

  @Test
  void settingsThatAgentsWroteAreKept() throws Exception {
    var ledger = first("{'agents.defaults.model.primary': 'a/b'}");
    var file = json("{'channels': {'telegram': {'enabled': true}}}");
    OpenClawConfig.apply(file, ledger.pending(), URL);
    ledger = ledger.applied();
    MergePatch.apply(file, json("{'agents': {'defaults': {'model': {'primary': 'agent/own'}}}}"));
    ledger = patched(ledger, "{'messages': {'x': 1}}");
    OpenClawConfig.apply(file, ledger.pending(), URL);
    assertThat(file.at("/agents/defaults/model/primary").asText()).isEqualTo("agent/own");
    assertThat(file.at("/channels/telegram/enabled").asBoolean()).isTrue();
    assertThat(file.at("/messages/x").asInt()).isEqualTo(1);
  }

  @Test
  void anObjectThatIsRemovedAndSetAgainHasOnlyTheNewMembers() throws Exception {
    var ledger = first("{'a': {'b': 1}}").applied();
    ledger = patched(patched(ledger, "{'a': null}"), "{'a': {'c': 2}}");
    var file = json("{'a': {'b': 1, 'agent': 1}}");
    OpenClawConfig.apply(file, ledger.pending(), URL);
    assertThat(file.get("a")).isEqualTo(json("{'c': 2}"));
  }

  @Test
  void aChangeIsPendingWithEarlierOnesThatWereNotApplied() throws Exception {
    var ledger = patched(first("{'a': 1}"), "{'b': 2}");
    assertThat(ledger.pending()).isEqualTo(List.of(json("{'a': 1, 'b': 2}")));
    assertThat(ledger.applied().pending()).isEmpty();
    assertThat(patched(ledger.applied(), "{'c': 3}").pending())
        .isEqualTo(List.of(json("{'c': 3}")));
  }

  @Test
  void changesThatTheGatewayRejectedAreDropped() throws Exception {
    var ledger = patched(first("{'a': 1}").applied(), "{'b': 2}");
    assertThat(ledger.refused().shown()).isEqualTo(json("{'a': 1}"));
    assertThat(ledger.refused().pending()).isEmpty();
  }

  @Test
  void aNewHomeVolumeGetsAllOverridesAndThenThePendingChanges() throws Exception {
    var applied = patched(first("{'a': 1}"), "{'b': 2}").applied();
    assertThat(applied.forNewHome()).isEqualTo(List.of(json("{'a': 1, 'b': 2}")));
    assertThat(patched(applied, "{'a': null}").forNewHome())
        .isEqualTo(List.of(json("{'b': 2}"), json("{'a': null}")));
    assertThat(OverrideLedger.empty().forNewHome()).isEmpty();
  }

  @Test
  void theOriginOfThePublicUrlStaysAllowed() throws Exception {
    var file = json("{'gateway': {'controlUi': {'allowedOrigins': ['" + URL + "']}}}");
    var ledger = first("{'gateway.controlUi.allowedOrigins': ['https://mine']}");
    OpenClawConfig.apply(file, ledger.pending(), URL);
    assertThat(file.at("/gateway/controlUi/allowedOrigins"))
        .isEqualTo(json("{'x': ['https://mine', '" + URL + "']}").get("x"));
  }

  @Test
  void secretsAreMaskedAndOrdinaryValuesAreShown() throws Exception {
    var ledger =
        first(
            """
            {'channels': {'telegram': {'botToken': 's1', 'chat': 's'}},
             'env': {'vars': {'FOO': 's2'}}, 'mcp': {'url': 'https://u:s3@h/', 'headers': {'X': 's4'}},
             'agents': {'maxTokens': 5, 'tokenBudget': 'low', 'list': [{'apiKey': 's5'}]},
             'tts': {'apiKey': {'kind': 'x', 'id': 's6'}, 'secret': 7}}
            """);
    assertThat(ledger.shown())
        .isEqualTo(
            json(
                """
                {'channels': {'telegram': {'botToken': '***', 'chat': 's'}},
                 'env': {'vars': {'FOO': '***'}}, 'mcp': {'url': '***', 'headers': {'X': '***'}},
                 'agents': {'maxTokens': 5, 'tokenBudget': 'low', 'list': [{'apiKey': '***'}]},
                 'tts': {'apiKey': {'kind': '***', 'id': '***'}, 'secret': '***'}}
                """));
    assertThat(ledger.secrets())
        .extracting(Secret::reveal)
        .containsExactlyInAnyOrder("s1", "s2", "https://u:s3@h/", "s4", "s5", "x", "s6", "7");
    assertThat(ledger.toString()).doesNotContain("s1");
    assertThat(ledger.toSecret().toString()).isEqualTo("***");
  }

  @Test
  void sendingAResponseBackKeepsTheSecrets() throws Exception {
    var ledger = first("{'a': {'botToken': 's1', 'list': [{'apiKey': 's2'}], 'b': 1}}");
    var shown = ledger.shown();
    ((ObjectNode) shown.get("a")).put("b", 2);
    var patched = ((Accepted) ledger.patched(shown, LIMITS, Optional.empty())).ledger();
    var file = json("{}");
    OpenClawConfig.apply(file, patched.pending(), URL);
    assertThat(file.get("a"))
        .isEqualTo(json("{'botToken': 's1', 'list': [{'apiKey': 's2'}], 'b': 2}"));
  }

  @Test
  void aMaskWithoutAStoredSecretIsRejected() throws Exception {
    assertThat(refusal(json("{'a': {'botToken': '***'}}")))
        .isEqualTo(
            new OverrideRefusal(
                "a.botToken", "must be the value itself, because none is stored; got ***"));
    var ledger = first("{'a': {'list': [{'apiKey': 's'}, {'apiKey': 't'}]}}");
    var verdict =
        ledger.patched(json("{'a': {'list': [{'apiKey': '***'}]}}"), LIMITS, Optional.empty());
    assertThat(((Refused) verdict).why().path()).isEqualTo("a.list");
  }

  @Test
  void aStoredLedgerIsReadBackUnchanged() throws Exception {
    var ledger = patched(patched(first("{'a': {'b': 1}}"), "{'a': null}"), "{'a': {'c': 2}}");
    var read = OverrideLedger.of(ledger.toSecret());
    assertThat(read.toSecret()).isEqualTo(ledger.toSecret());
    assertThat(read.version()).isEqualTo(3);
    assertThat(read.pending()).hasSize(2).isEqualTo(ledger.pending());
  }

  private static OverrideLedger first(String given) throws Exception {
    return ((Accepted) OverrideLedger.first(json(given), LIMITS, Optional.empty())).ledger();
  }

  private static OverrideLedger patched(OverrideLedger ledger, String patch) throws Exception {
    return ((Accepted) ledger.patched(json(patch), LIMITS, Optional.empty())).ledger();
  }

  private static OverrideRefusal refusal(ObjectNode given) {
    return ((Refused) OverrideLedger.first(given, LIMITS, Optional.empty())).why();
  }
}

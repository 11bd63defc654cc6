package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Messages to an agent and its responses, over plain HTTP and with OpenAI's own client. */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MessagesE2E {
  /** Much shorter than the complete response, which takes 500 s. */
  private static final Duration CANCEL_LIMIT = Duration.ofSeconds(15);

  private final Agent agent = SharedAgents.first();

  @Test
  void aMessageReturnsTheAgentsResponse() {
    Answer answer = agent.send("Reply with exactly: forty-two").is(200);
    assertThat(answer.header("content-type").orElse("none")).startsWith("application/json");
    assertThat(answer.text("object")).isEqualTo("response");
    assertThat(answer.text("status")).isEqualTo("completed");
    assertThat(answer.agentText()).isEqualTo("forty-two");
  }

  @Test
  void aStreamReturnsTheSameTextInPieces() {
    try (var stream = stream("", "Count slowly to 5")) {
      assertThat(stream.header("content-type").orElse("none")).startsWith("text/event-stream");
      List<JsonNode> events =
          stream.until(
              Limits.STEP, event -> event.path("type").asText().equals("response.completed"));
      assertThat(events.getFirst().path("type").asText()).isEqualTo("response.created");
      List<String> deltas =
          events.stream()
              .filter(event -> event.path("type").asText().equals("response.output_text.delta"))
              .map(event -> event.path("delta").asText())
              .toList();
      assertThat(deltas).hasSizeGreaterThan(1);
      assertThat(deltas.stream().collect(Collectors.joining()).strip()).isEqualTo("1 2 3 4 5");
      assertThat(Answer.agentText(events.getLast().path("response")).strip())
          .isEqualTo("1 2 3 4 5");
    }
  }

  @Test
  void aSessionRemembersItsMessagesAndNoOtherSessionKnowsThem() {
    String nonce = UUID.randomUUID().toString();
    String mine = "alice-" + nonce;
    String question = "What did I ask you to remember?";
    agent.send(mine, "Remember: " + nonce).is(200);
    assertThat(agent.send(mine, question).is(200).agentText()).contains(nonce);
    assertThat(agent.send("bob-" + nonce, question).is(200).agentText()).doesNotContain(nonce);
    assertThat(agent.send("ALICE-" + nonce, question).is(200).agentText())
        .as("another one, since ids are case-sensitive")
        .doesNotContain(nonce);
    assertThat(agent.send(question).is(200).agentText()).as("main").doesNotContain(nonce);
  }

  @Test
  void thePathWithoutASessionIsTheSessionMain() {
    String nonce = UUID.randomUUID().toString();
    agent.send("Remember: " + nonce).is(200);
    assertThat(agent.send("main", "What did I ask you to remember?").is(200).agentText())
        .contains(nonce);
  }

  @Test
  void instructionsReachTheModelForOneMessage() {
    var message =
        Agent.message("Good morning").put("instructions", "Always reply with exactly: ahoy");
    assertThat(respond("instructed", message).agentText()).isEqualTo("ahoy");
    assertThat(respond("instructed", Agent.message("Good morning")).agentText())
        .isNotEqualTo("ahoy");
  }

  @Test
  void aCallersToolIsCalledAndItsResultContinuesTheResponse() {
    var tools = Answer.JSON.createArrayNode();
    tools
        .addObject()
        .put("type", "function")
        .put("name", "lighthouse")
        .put("description", "Tells what the lighthouse shows.")
        .putObject("parameters")
        .put("type", "object")
        .putObject("properties");
    var asked = Agent.message("Call the tool: lighthouse");
    asked.set("tools", tools);
    JsonNode response = respond("tools", asked).json();
    JsonNode call =
        StreamSupport.stream(response.path("output").spliterator(), false)
            .filter(item -> item.path("type").asText().equals("function_call"))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no call: " + response));
    assertThat(call.path("name").asText()).isEqualTo("lighthouse");

    var request = Answer.JSON.createObjectNode();
    request.put("previous_response_id", response.path("id").asText());
    request.set("tools", tools);
    request
        .putArray("input")
        .addObject()
        .put("type", "function_call_output")
        .put("call_id", call.path("call_id").asText())
        .put("output", "two short flashes");
    assertThat(respond("tools", request).agentText()).contains("two short flashes");
  }

  private Answer respond(String session, ObjectNode message) {
    String path = agent.path("/session/" + session + "/responses");
    return agent.caller().post(path, message.toString()).is(200);
  }

  @Test
  void anInvalidSessionIdIsRejected() {
    agent.send("with%20space", "Hello").isError(400, "INVALID_FIELD");
    agent.send("x".repeat(129), "Hello").isError(400, "INVALID_FIELD");
  }

  @Test
  void anotherOrganizationFindsNothing() {
    Caller other = Caller.newcomer("other-organization");
    new Agent(other, agent.id()).send("Hello").isError(404, "INSTANCE_NOT_FOUND");
    new Agent(other, agent.id()).send("s", "Hello").isError(404, "INSTANCE_NOT_FOUND");
    other.get(agent.path("")).isError(404, "INSTANCE_NOT_FOUND");
    other.get(agent.path("/gateway")).isError(404, "INSTANCE_NOT_FOUND");
    new Agent(other, agent.id()).delete().isError(404, "INSTANCE_NOT_FOUND");
  }

  @Test
  void aStreamWhoseClientDisconnectsIsCancelledAtTheModel() {
    var stream = stream("/session/leaver", "Count slowly to 1000");
    stream.until(
        Limits.STEP, event -> event.path("type").asText().equals("response.output_text.delta"));
    int before = cancelled();
    stream.close();
    Eventually.is("cancelled", CANCEL_LIMIT, () -> cancelled() > before);
  }

  @Test
  void aResponseWhoseClientDisconnectsIsCancelledAtTheModel() {
    int active = stats("active");
    var request =
        agent
            .caller()
            .request(agent.path("/session/impatient/responses"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(Agent.message("Count slowly to 1000").toString()));
    var answer = Caller.HTTP.sendAsync(request.build(), BodyHandlers.ofString());
    Eventually.is("the model at work", Limits.STEP, () -> stats("active") > active);
    int before = cancelled();
    assertThat(answer.cancel(true)).isTrue();
    Eventually.is("cancelled", CANCEL_LIMIT, () -> cancelled() > before);
    // The client ends the call with its own exception or as cancelled, whichever comes first.
    assertThat(answer).isDone();
  }

  @Test
  void theUnmodifiedOpenAiClientWorks() {
    Path python = openAiClient();
    String script =
        """
        import openai, os
        client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["KEY"])
        print(client.responses.create(model="demo", input="Reply with exactly: plain").output_text)
        with client.responses.create(model="demo", input="Count slowly to 3", stream=True) as stream:
            print("".join(event.delta for event in stream if event.type == "response.output_text.delta"))
        try:
            openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="wrong").responses.create(model="demo", input="Hello")
        except openai.AuthenticationError as refused:
            print(refused.status_code)
        """;
    Command.Result result =
        Command.run(
            Limits.STEP,
            List.of(python.toString(), "-c", script),
            Map.of(
                "BASE_URL",
                Installation.UNDER_TEST.rest() + agent.path(""),
                "KEY",
                agent.caller().key()));
    assertThat(result.out().lines().map(String::strip)).containsExactly("plain", "1 2 3", "401");
  }

  @Test
  void theUnmodifiedOpenAiClientForNodeWorks() {
    String script =
        """
        import OpenAI from "openai";
        const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.KEY });
        const whole = await client.responses.create({ model: "demo", input: "Reply with exactly: plain" });
        console.log(whole.output_text);
        const stream = await client.responses.create({ model: "demo", input: "Count slowly to 3", stream: true });
        let text = "";
        for await (const event of stream) {
          if (event.type === "response.output_text.delta") text += event.delta;
        }
        console.log(text);
        try {
          const other = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.OTHER });
          await other.responses.create({ model: "demo", input: "Hello" });
        } catch (refused) {
          if (!(refused instanceof OpenAI.AuthenticationError)) throw refused;
          console.log(refused.status);
        }
        """;
    Path folder = openAiClientForNode();
    Command.Result result =
        Command.run(
            Limits.STEP,
            List.of("node", script(folder, script).toString()),
            Map.of(
                "BASE_URL",
                Installation.UNDER_TEST.rest() + agent.path(""),
                "KEY",
                agent.caller().key(),
                "OTHER",
                "nobodys"));
    assertThat(result.out().lines().map(String::strip)).containsExactly("plain", "1 2 3", "401");
  }

  /** Writes the script next to the package, where Node looks for it. */
  private static Path script(Path folder, String script) {
    try {
      return Files.writeString(folder.resolve("talk.mjs"), script);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fetched from npm once, then reused. */
  private static Path openAiClientForNode() {
    Path folder = Installation.cache().resolve("openai-client-node");
    Path complete = folder.resolve("complete");
    if (!Files.exists(complete)) {
      Command.run(
          Limits.PROVISIONING,
          List.of("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix"),
          folder.toString(),
          "openai");
      Command.run(Limits.QUICK, List.of("touch"), complete.toString());
    }
    return folder;
  }

  /** Fetched from the Python package index once, then reused. */
  private static Path openAiClient() {
    Path environment = Installation.cache().resolve("openai-client");
    Path python = environment.resolve("bin").resolve("python");
    Path complete = environment.resolve("complete");
    if (!Files.exists(complete)) {
      Command.run(Limits.STEP, List.of("python3", "-m", "venv", "--clear"), environment.toString());
      Command.run(
          Limits.PROVISIONING,
          List.of(python.toString(), "-m", "pip", "install", "--quiet", "openai"));
      Command.run(Limits.QUICK, List.of("touch"), complete.toString());
    }
    return python;
  }

  private EventStream stream(String session, String input) {
    HttpRequest.Builder request =
        agent
            .caller()
            .request(agent.path(session + "/responses"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(Agent.message(input).put("stream", true).toString()));
    return EventStream.open(request);
  }

  private static int cancelled() {
    return stats("cancelled");
  }

  private static int stats(String counter) {
    var request =
        HttpRequest.newBuilder(Installation.UNDER_TEST.demoModel().resolve("/demo/stats"))
            .timeout(Limits.QUICK)
            .GET();
    return Caller.finish(request).is(200).json().path(counter).asInt();
  }
}

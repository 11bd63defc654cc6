package dev.chowder.openclaw;

import static dev.chowder.openclaw.config.OpenClawConfig.none;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.Issue;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.GatewayResponses.Incoming;
import dev.chowder.openclaw.GatewayResponses.RejectedException;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.config.ReplacedArrays;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client of a gateway's admin HTTP RPC. Every call blocks and throws only {@link
 * InterruptedException}. A call returns within the limit; a change of the configuration also reads
 * it before each try, which may take as long again. Sends no forwarding headers, since a gateway
 * rejects calls that seem to come through a proxy.
 *
 * @param limit the maximum duration of one call, up to the last byte of its response. A change of
 *     the configuration takes half a second on an idle machine, and waits for running work such as
 *     the installation of a plugin
 * @param responses the limits of a gateway's responses
 */
public record OpenClawAdmin(HttpClient http, Duration limit, GatewayResponses responses) {
  private static final String PATH = "/api/v1/admin/rpc";

  /** Few, because the other writers of a configuration are people and agents, which are slow. */
  private static final int CONFLICT_RETRIES = 5;

  /**
   * The part of the limit after which a change without a response is sent again. On an idle
   * machine, the response takes 0.5 s.
   */
  private static final int SHARE = 3;

  /** The time between two checks whether a change was applied. */
  private static final Duration POLL = Duration.ofMillis(250);

  /** Calls a method of the interface. */
  public AdminAnswer call(SandboxEndpoint gateway, Secret token, String method, ObjectNode params)
      throws InterruptedException {
    return call(gateway, token, method, params, limit);
  }

  /** Calls a method of the interface with another limit. */
  AdminAnswer call(
      SandboxEndpoint gateway, Secret token, String method, ObjectNode params, Duration limit)
      throws InterruptedException {
    var body = OpenClawConfig.JSON.createObjectNode().put("method", method);
    body.set("params", params);
    var request =
        HttpRequest.newBuilder(URI.create("http://" + gateway + PATH))
            .header("authorization", "Bearer " + token.reveal())
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body.toString()))
            .build();
    try (var incoming = responses.begin(method)) {
      var answer = http.sendAsync(request, _ -> new IncomingBody(incoming));
      try {
        return read(answer.get(limit.toMillis(), TimeUnit.MILLISECONDS));
      } catch (TimeoutException late) {
        return silence(method, limit);
      } catch (ExecutionException failed) {
        return failure(failed.getCause());
      } finally {
        // Also ends the call if this thread is interrupted, since no caller waits for it then.
        answer.cancel(true);
      }
    }
  }

  private static NoAnswer silence(String method, Duration limit) {
    return new NoAnswer(
        "the gateway did not respond to " + method + " within " + limit.toSeconds() + " s");
  }

  private static AdminAnswer failure(@Nullable Throwable cause) {
    if (cause instanceof RejectedException rejected) return rejected.why();
    return new NoAnswer(cause instanceof IOException ? note(cause) : String.valueOf(cause));
  }

  private static String note(Throwable cause) {
    var message = cause.getMessage();
    return message == null ? "the connection failed" : message;
  }

  private static AdminAnswer read(HttpResponse<Incoming> response) {
    int status = response.statusCode();
    if (status == 401) return new TokenRefused();
    JsonNode body;
    try {
      body = response.body().parse();
    } catch (RejectedException rejected) {
      return rejected.why();
    } catch (IOException noJson) {
      return new NoAnswer("the gateway responded with HTTP " + status + " without JSON");
    }
    if (status == 200 && body.path("ok").asBoolean()) return new Done(body.path("payload"));
    var error = body.path("error");
    var message = error.path("message").asText("HTTP " + status);
    if (status == 503 || status == 429) return new Busy(message);
    if (status == 404 && !error.has("code")) {
      return new NoAnswer("the gateway has no admin interface (HTTP 404)");
    }
    var issues = new ArrayList<Issue>();
    for (var issue : error.path("details").path("issues")) {
      issues.add(new Issue(issue.path("path").asText(), issue.path("message").asText()));
    }
    return new Refused(
        error.path("code").asText(error.path("type").asText("HTTP_" + status)), message, issues);
  }

  /** Appends arriving bytes to a response, and cancels the call if the response is rejected. */
  private static final class IncomingBody implements BodySubscriber<Incoming> {
    private final Incoming incoming;
    private final CompletableFuture<Incoming> whole = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;

    IncomingBody(Incoming incoming) {
      this.incoming = incoming;
    }

    @Override
    public CompletionStage<Incoming> getBody() {
      return whole;
    }

    @Override
    public void onSubscribe(Flow.Subscription begun) {
      subscription = begun;
      begun.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> arrived) {
      var next = Objects.requireNonNull(subscription);
      try {
        for (var bytes : arrived) incoming.append(bytes);
        next.request(1);
      } catch (RejectedException why) {
        next.cancel();
        whole.completeExceptionally(why);
      }
    }

    @Override
    public void onError(Throwable why) {
      whole.completeExceptionally(why);
    }

    @Override
    public void onComplete() {
      whole.complete(incoming);
    }
  }

  /** Returns the gateway's health. */
  public AdminAnswer health(SandboxEndpoint gateway, Secret token) throws InterruptedException {
    return call(gateway, token, "health", none());
  }

  /** Returns the configuration without its secrets, and the hash that a change must name. */
  public AdminAnswer config(SandboxEndpoint gateway, Secret token) throws InterruptedException {
    return call(gateway, token, "config.get", none());
  }

  /**
   * Applies merge patches in order. Returns {@link Done} once the gateway uses all of them. If
   * another writer changes the configuration in between, applies the patch to the new version. If
   * the gateway does not respond to a patch, sends it once more.
   */
  public AdminAnswer patchConfig(SandboxEndpoint gateway, Secret token, List<ObjectNode> patches)
      throws InterruptedException {
    return patchConfig(gateway, token, patches, () -> {});
  }

  /**
   * Applies merge patches as {@link #patchConfig(SandboxEndpoint, Secret, List)}.
   *
   * @param check runs before each patch, after the version was read on which the patch depends; may
   *     throw
   */
  public AdminAnswer patchConfig(
      SandboxEndpoint gateway, Secret token, List<ObjectNode> patches, Runnable check)
      throws InterruptedException {
    AdminAnswer last = new Done(none());
    for (var patch : patches) {
      last =
          changeConfig(
              gateway,
              token,
              _ -> {
                check.run();
                return patch;
              });
      if (!(last instanceof Done)) return last;
    }
    return last;
  }

  /**
   * Applies a patch that depends on the current configuration, which is passed without its secrets.
   * If the patch is empty, waits until the gateway uses the changes of other writers.
   */
  public AdminAnswer changeConfig(
      SandboxEndpoint gateway, Secret token, Function<JsonNode, ObjectNode> change)
      throws InterruptedException {
    boolean unanswered = false;
    for (int tried = 1; ; tried++) {
      var read = config(gateway, token);
      if (!(read instanceof Done(var current))) return read;
      var patch = change.apply(current.path("sourceConfig"));
      if (unanswered) patch = touching(patch);
      if (patch.isEmpty()) return awaitApplied(gateway, token);
      var params =
          none().put("raw", patch.toString()).put("baseHash", current.path("hash").asText());
      var replaced = params.putArray("replacePaths");
      ReplacedArrays.of(patch, current.path("sourceConfig")).forEach(replaced::add);
      var first = limit.dividedBy(SHARE);
      var wait = unanswered ? limit.minus(first) : first;
      var answer = call(gateway, token, "config.patch", params, wait);
      if (answer.equals(silence("config.patch", wait)) && !unanswered) {
        unanswered = true;
        continue;
      }
      boolean stale = answer instanceof Refused refused && refused.isStale();
      if (stale && tried <= CONFLICT_RETRIES) continue;
      boolean unchanged = answer instanceof Done(var done) && done.path("noop").asBoolean();
      return unchanged ? awaitApplied(gateway, token) : answer;
    }
  }

  /**
   * Returns a patch that changes the file in any case. OpenClaw 2026.9.6 sometimes writes a change,
   * logs "config reload superseded", and neither applies the change nor responds until the file
   * changes again: once in 12 rounds of four changes on a busy machine. A repetition alone would be
   * reported as unchanged and wait as well. The time of OpenClaw's last setup has no effect on a
   * running gateway.
   */
  private static ObjectNode touching(ObjectNode patch) {
    if (patch.has("wizard")) return patch;
    var touching = patch.deepCopy();
    touching.withObject("/wizard").put("lastRunAt", Instant.now().toString());
    return touching;
  }

  /**
   * Waits until the gateway uses the file. OpenClaw writes a change to the file first, and applies
   * it after running installations of plugins. It reports success at once for a change that is in
   * the file already.
   */
  private AdminAnswer awaitApplied(SandboxEndpoint gateway, Secret token)
      throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      var read = config(gateway, token);
      if (!(read instanceof Done(var current)) || isApplied(current)) return read;
      if (System.nanoTime() - deadline >= 0) {
        return new Busy("the gateway has not applied its configuration yet");
      }
      Thread.sleep(POLL);
    }
  }

  /** Returns whether the gateway uses the file. An invalid file has no revision to wait for. */
  private static boolean isApplied(JsonNode config) {
    var revision = config.path("configRevisionHash");
    return !revision.isTextual() || revision.equals(config.path("appliedConfigHash"));
  }

  /**
   * Approves browsers that wait for the gateway's Control UI. A browser needs the gateway's token
   * to get this far, and the token already grants operator access. Ignores devices of other kinds.
   *
   * @return the number of approved browsers
   */
  public int approveControlUis(SandboxEndpoint gateway, Secret token) throws InterruptedException {
    if (!(call(gateway, token, "device.pair.list", none()) instanceof Done(var devices))) return 0;
    int approved = 0;
    for (var device : devices.path("pending")) {
      if (!isControlUi(device)) continue;
      var request = none().put("requestId", device.path("requestId").asText());
      if (call(gateway, token, "device.pair.approve", request) instanceof Done) approved++;
    }
    return approved;
  }

  private static boolean isControlUi(JsonNode device) {
    return device.path("clientId").asText().equals("openclaw-control-ui")
        && device.path("role").asText().equals("operator");
  }
}

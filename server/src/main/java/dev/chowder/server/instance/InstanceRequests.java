package dev.chowder.server.instance;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.api.HttpBody;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateResponseRequest;
import dev.chowder.api.v1.CreateSessionResponseRequest;
import dev.chowder.api.v1.DeleteSessionRequest;
import dev.chowder.api.v1.GetSessionRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.ListSessionsRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.api.v1.WatchInstancesRequest;
import dev.chowder.base.Ids;
import dev.chowder.creation.WantedInstance;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.request.Fields;
import dev.chowder.server.request.Pages;
import dev.chowder.server.request.StructJson;
import dev.chowder.server.rules.Defaults;
import dev.chowder.server.rules.RuleCheck;
import dev.chowder.storage.InstanceFilter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Reads the requests of {@code InstanceService}. Results are within limits. Throws an {@link
 * ApiError} otherwise. Does not check whether an instance exists.
 */
public record InstanceRequests(ServerSettings.Instances settings) {
  /** All verbs have one default. */
  private static final int DEFAULT_WAIT_SECONDS =
      Defaults.of(StopInstanceRequest.getDescriptor(), "wait");

  private static final int DEFAULT_LOG_LINES =
      Defaults.of(TailLogsRequest.getDescriptor(), "lines");
  private static final String MAIN_SESSION = "main";
  private static final Pattern SESSION_TOKEN =
      Pattern.compile("([0-9]{1,15})\\.([A-Za-z0-9._~:@-]{1,128})");
  private static final Pattern HISTORY_TOKEN = Pattern.compile("([0-9]{1,9})\\.([0-9]{1,10})");
  private static final Pattern CURSOR = Pattern.compile("[0-9]{1,18}");

  /**
   * A page of instances.
   *
   * @param after id of the last instance of the previous page
   */
  public record Listing(int pageSize, Optional<String> after, InstanceFilter filter) {}

  /**
   * A page of events.
   *
   * @param instanceId empty for the whole organization
   * @param before id of the last event of the previous page
   */
  public record History(Optional<String> instanceId, int pageSize, OptionalLong before) {}

  /**
   * A change of an instance.
   *
   * @param labels labels to merge; an empty value removes a label
   * @param sandboxImage variant of the sandbox image
   * @param openclawConfig a JSON merge patch
   */
  public record Change(
      String instanceId,
      Optional<String> name,
      Map<String, String> labels,
      Optional<String> sandboxImage,
      Optional<ObjectNode> openclawConfig) {}

  /** A verb on an instance, and the time to wait for its result. */
  public record Verb(String instanceId, Duration timeout) {}

  /** An instance to watch, and the revision that the caller has. */
  public record Watching(String instanceId, OptionalInt afterRevision) {}

  /** Log lines to send. */
  public record Tail(String instanceId, boolean follow, int lines) {}

  /** A session of an instance. */
  public record SessionName(String instanceId, String sessionId) {}

  /**
   * A page of sessions.
   *
   * @param after last session of the previous page
   */
  public record SessionListing(String instanceId, int pageSize, Optional<SessionToken> after) {}

  /** A page of the history of a session. */
  public record HistoryListing(
      String instanceId, String sessionId, int pageSize, HistoryToken from) {}

  /** The position of a session in a list. */
  public record SessionToken(Instant usedAt, String id) {
    String text() {
      return usedAt.toEpochMilli() + "." + id;
    }
  }

  /**
   * The start of a page in a history.
   *
   * @param skipped number of the gateway's newest records before the page
   * @param before number of the last message that was shown
   */
  public record HistoryToken(int skipped, int before) {
    private static final HistoryToken NEWEST = new HistoryToken(0, Integer.MAX_VALUE);

    String text() {
      return skipped + "." + before;
    }
  }

  /** A message to an agent, unchanged. */
  public record Message(String instanceId, String sessionId, HttpBody body) {}

  public WantedInstance creation(CreateInstanceRequest r) {
    return new WantedInstance(
        r.getName(),
        r.hasModelProvider()
            ? Optional.of(
                Fields.oneOf("model_provider", r.getModelProvider(), settings.modelProviders()))
            : Optional.empty(),
        r.hasModel() ? Optional.of(r.getModel()) : Optional.empty(),
        r.hasOpenclawConfig() ? Optional.of(config(r.getOpenclawConfig())) : Optional.empty(),
        Map.copyOf(r.getLabelsMap()),
        known(
            "sandbox_provider",
            r.hasSandboxProvider(),
            r.getSandboxProvider(),
            settings.sandboxProviders()),
        known("sandbox_image", r.hasSandboxImage(), r.getSandboxImage(), settings.sandboxImages()),
        known(
            "openclaw_version",
            r.hasOpenclawVersion(),
            r.getOpenclawVersion(),
            settings.openclawVersions()),
        known("region", r.hasRegion(), r.getRegion(), settings.regions()));
  }

  public static Listing listing(ListInstancesRequest r) {
    return new Listing(
        Pages.size(r.hasPageSize(), r.getPageSize()),
        Pages.after(r.getPageToken()),
        new InstanceFilter(
            r.hasStatus() ? Optional.of(status(r.getStatus())) : Optional.empty(),
            r.hasLabel() ? label(r.getLabel()) : Map.of(),
            r.hasNamePrefix() ? Optional.of(r.getNamePrefix()) : Optional.empty()));
  }

  public static History history(ListInstanceEventsRequest r) {
    return new History(
        r.getInstanceId().isEmpty() ? Optional.empty() : Optional.of(instanceId(r.getInstanceId())),
        Pages.size(r.hasPageSize(), r.getPageSize()),
        eventToken(r.getPageToken()));
  }

  public Change change(UpdateInstanceRequest r) {
    return new Change(
        instanceId(r.getInstanceId()),
        r.hasName() ? Optional.of(r.getName()) : Optional.empty(),
        Map.copyOf(r.getLabelsMap()),
        r.hasSandboxImage()
            ? Optional.of(
                Fields.oneOf("sandbox_image", r.getSandboxImage(), settings.sandboxImages()))
            : Optional.empty(),
        r.hasOpenclawConfig() ? Optional.of(config(r.getOpenclawConfig())) : Optional.empty());
  }

  /**
   * Returns a verb without other fields.
   *
   * @param wait time to wait for the new status, in seconds, if {@code hasWait}
   */
  public static Verb verb(String instanceId, boolean hasWait, int wait) {
    return new Verb(instanceId(instanceId), waitFor(hasWait, wait));
  }

  public static Watching watching(WatchInstanceRequest r) {
    return new Watching(
        instanceId(r.getInstanceId()),
        r.hasAfterRevision() ? OptionalInt.of(r.getAfterRevision()) : OptionalInt.empty());
  }

  /** Returns the cursor to continue from. */
  public static OptionalLong cursor(WatchInstancesRequest r) {
    if (!r.hasAfter()) return OptionalLong.empty();
    if (!CURSOR.matcher(r.getAfter()).matches()) {
      throw ApiError.must("after", "be a cursor of a watch", r.getAfter());
    }
    return OptionalLong.of(Long.parseLong(r.getAfter()));
  }

  public static Tail tail(TailLogsRequest r) {
    return new Tail(
        instanceId(r.getInstanceId()),
        r.getFollow(),
        r.hasLines() ? r.getLines() : DEFAULT_LOG_LINES);
  }

  public static Message message(CreateResponseRequest r) {
    return new Message(instanceId(r.getInstanceId()), MAIN_SESSION, r.getBody());
  }

  public static Message message(CreateSessionResponseRequest r) {
    return new Message(instanceId(r.getInstanceId()), r.getSessionId(), r.getBody());
  }

  public static SessionListing sessions(ListSessionsRequest r) {
    return new SessionListing(
        instanceId(r.getInstanceId()),
        Pages.size(r.hasPageSize(), r.getPageSize()),
        sessionToken(r.getPageToken()));
  }

  public static HistoryListing history(GetSessionRequest r) {
    return new HistoryListing(
        instanceId(r.getInstanceId()),
        r.getSessionId(),
        Pages.size(r.hasPageSize(), r.getPageSize()),
        historyToken(r.getPageToken()));
  }

  public static SessionName session(DeleteSessionRequest r) {
    return new SessionName(instanceId(r.getInstanceId()), r.getSessionId());
  }

  private static Optional<SessionToken> sessionToken(String token) {
    if (token.isEmpty()) return Optional.empty();
    var parts = SESSION_TOKEN.matcher(token);
    if (!parts.matches()) throw Pages.badToken(token);
    return Optional.of(
        new SessionToken(Instant.ofEpochMilli(Long.parseLong(parts.group(1))), parts.group(2)));
  }

  private static HistoryToken historyToken(String token) {
    if (token.isEmpty()) return HistoryToken.NEWEST;
    var parts = HISTORY_TOKEN.matcher(token);
    if (!parts.matches()) throw Pages.badToken(token);
    long before = Long.parseLong(parts.group(2));
    if (before > Integer.MAX_VALUE) throw Pages.badToken(token);
    return new HistoryToken(Integer.parseInt(parts.group(1)), (int) before);
  }

  /** Returns the id, or throws {@code INSTANCE_NOT_FOUND} if the text does not have its form. */
  public static String instanceId(String value) {
    if (!Ids.isId(value)) {
      throw ApiError.instanceNotFound();
    }
    return value;
  }

  private static Duration waitFor(boolean given, int seconds) {
    return Duration.ofSeconds(given ? seconds : DEFAULT_WAIT_SECONDS);
  }

  private static String known(String field, boolean given, String value, List<String> known) {
    return given ? Fields.oneOf(field, value, known) : known.getFirst();
  }

  private ObjectNode config(com.google.protobuf.Struct struct) {
    return StructJson.of(
        "openclaw_config",
        struct,
        settings.maxOpenclawConfigBytes(),
        settings.maxOpenclawConfigDepth());
  }

  private static OptionalLong eventToken(String token) {
    if (token.isEmpty()) return OptionalLong.empty();
    if (!CURSOR.matcher(token).matches()) throw Pages.badToken(token);
    return OptionalLong.of(Long.parseLong(token));
  }

  private static String status(Instance.Status status) {
    return switch (status) {
      case provisioning, running, stopped, error, terminated -> status.name();
      case unspecified, UNRECOGNIZED ->
          throw ApiError.must("status", "be provisioning, running, stopped or error");
    };
  }

  private static Map<String, String> label(String pair) {
    int equals = pair.indexOf('=');
    if (equals < 1) {
      throw ApiError.must("label", "be key=value", pair);
    }
    var key = pair.substring(0, equals);
    var value = pair.substring(equals + 1);
    // A label that no instance can have is an error, and not an empty list.
    RuleCheck.check(
        CreateInstanceRequest.newBuilder().setName("any").putLabels(key, value).build());
    return Map.of(key, value);
  }
}

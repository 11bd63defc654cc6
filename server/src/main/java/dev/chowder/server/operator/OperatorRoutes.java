package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.operator.OperatorCommands.OrganizationSummary;
import dev.chowder.server.request.Fields;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Maps requests on the operator port to commands. Every path except {@code /healthz} requires the
 * token, including paths that do not exist.
 */
final class OperatorRoutes {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final String BEARER = "bearer ";

  /**
   * The paths that accept POST; {@code *} stands for an id or a port. A POST to another path is
   * rejected, and the audit table records it as unknown.
   */
  private static final Set<String> CHANGES =
      Set.of(
          "operator/backup",
          "operator/host-ports/*/close",
          "operator/host-ports/*/open",
          "operator/instances/*/stop",
          "operator/instances/recover",
          "operator/master-key/reload",
          "operator/master-key/rewrite",
          "operator/organizations",
          "operator/organizations/*/delete",
          "operator/organizations/*/keys",
          "operator/organizations/*/resume",
          "operator/organizations/*/revoke-keys",
          "operator/organizations/*/suspend",
          "operator/organizations/*/tier",
          "operator/reconciler/release",
          "operator/rows/rebuild",
          "operator/sandboxes/*/remove");

  /** Index of the id or port in a path that has one. */
  private static final int ID = 2;

  private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

  private static final List<String> BACKUP = List.of("operator", "backup");
  private static final List<String> REWRITE = List.of("operator", "master-key", "rewrite");
  private static final List<String> RELOAD = List.of("operator", "master-key", "reload");
  private static final List<String> RECOVER = List.of("operator", "instances", "recover");
  private static final List<String> REBUILD = List.of("operator", "rows", "rebuild");

  private final TokenFile token;
  private final OperatorAudit audit;
  private final OperatorCommands commands;
  private final HostRoutes host;
  private final HostCommands hostCommands;
  private final IncidentRoutes incidents;
  private final BackupCommand backup;
  private final MasterKeyCommands masterKey;
  private final RowCommands rows;
  private final Semaphore backupPermit = new Semaphore(1);
  private final Semaphore rebuildPermit = new Semaphore(1);
  private final Semaphore recoverPermit = new Semaphore(1);
  private final Supplier<String> metrics;
  private final BooleanSupplier isServing;
  private final int maxBodyBytes;

  OperatorRoutes(
      TokenFile token,
      OperatorAudit audit,
      OperatorCommands commands,
      HostCommands host,
      IncidentCommands incidents,
      BackupCommand backup,
      MasterKeyCommands masterKey,
      RowCommands rows,
      Supplier<String> metrics,
      BooleanSupplier isServing,
      int maxBodyBytes) {
    this.token = token;
    this.audit = audit;
    this.commands = commands;
    this.host = new HostRoutes(host);
    this.hostCommands = host;
    this.incidents = new IncidentRoutes(incidents);
    this.backup = backup;
    this.masterKey = masterKey;
    this.rows = rows;
    this.metrics = metrics;
    this.isServing = isServing;
    this.maxBodyBytes = maxBodyBytes;
  }

  /** Returns the timeout of a request; some read or write the whole database. */
  static Duration timeout(HttpExchange exchange, ServerSettings.Operator limits) {
    var path = path(exchange);
    if (path.equals(REBUILD) || path.equals(RECOVER)) return limits.rebuildTimeout();
    return path.equals(BACKUP) || path.equals(REWRITE)
        ? limits.backupTimeout()
        : limits.requestTimeout();
  }

  OperatorAnswer answer(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    List<String> path = path(exchange);
    if (path.equals(List.of("healthz"))) {
      require(method, "GET", "HEAD");
      return health();
    }
    if (!isOperator(exchange.getRequestHeaders().get("authorization"))) {
      audit.rejected(exchange.getRemoteAddress().getAddress());
      throw ApiError.of(
          Reason.KEY_INVALID,
          must("authorization", "be Bearer and the operator token", "another value"));
    }
    if (method.equals("POST")) record(exchange.getRemoteAddress().getAddress(), path);
    if (path.equals(List.of("metrics"))) {
      require(method, "GET");
      return new OperatorAnswer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.get());
    }
    if (path.equals(BACKUP)) {
      require(method, "POST");
      return alone("start a backup", backupPermit, this::backUp);
    }
    if (path.equals(RELOAD)) {
      require(method, "POST");
      return OperatorAnswer.json(200, NODES.objectNode().put("keys", masterKey.reload()));
    }
    if (path.equals(REWRITE)) {
      require(method, "POST");
      return OperatorAnswer.json(200, NODES.objectNode().put("rewritten", masterKey.rewrite()));
    }
    if (path.equals(REBUILD)) {
      require(method, "POST");
      return alone("rebuild the rows", rebuildPermit, this::rebuild);
    }
    if (path.equals(RECOVER)) {
      require(method, "POST");
      var body = body(exchange);
      return alone("recover instances", recoverPermit, () -> host.recover(body));
    }
    if (path.size() < 2 || !path.get(0).equals("operator")) throw notFound();
    return switch (path.get(1)) {
      case "organizations" -> organizations(method, path, exchange);
      case "audit" -> {
        if (path.size() != 2) throw notFound();
        require(method, "GET");
        yield incidents.audit(exchange.getRequestURI().getRawQuery());
      }
      case "instances" -> {
        if (path.size() != 4 || !path.get(3).equals("stop")) throw notFound();
        require(method, "POST");
        yield incidents.stop(path.get(2));
      }
      default -> host.answer(method, path.subList(1, path.size()));
    };
  }

  /**
   * Records a call that may change something, before it is performed. Ids are recorded in separate
   * fields. A malformed id or port is not recorded, and is rejected later.
   */
  private void record(InetAddress address, List<String> path) {
    var words = new ArrayList<>(path);
    var id = path.size() == ID + 2 ? words.set(ID, "*") : "";
    var change = String.join("/", words);
    if (!CHANGES.contains(change)) {
      audit.called(address, OperatorAudit.UNKNOWN, "", "");
      throw ApiError.of(Reason.PATH_NOT_FOUND, must("path", "be one that accepts POST"));
    }
    var action = change.replace("/*", "");
    switch (path.get(1)) {
      case "organizations" -> audit.called(address, action, Ids.isId(id) ? id : "", "");
      case "instances" -> audit.called(address, action, "", Ids.isId(id) ? id : "");
      case "sandboxes" ->
          audit.called(
              address, action, "", HostRoutes.isSandbox(id) ? HostRoutes.instanceId(id) : "");
      case "host-ports" ->
          audit.called(
              address, PORT.matcher(id).matches() ? change.replace("*", id) : action, "", "");
      default -> audit.called(address, action, "", "");
    }
  }

  private OperatorAnswer organizations(String method, List<String> path, HttpExchange exchange)
      throws IOException {
    return switch (path.size()) {
      case 2 -> {
        require(method, "GET", "POST");
        yield method.equals("GET") ? organizations() : create(body(exchange));
      }
      case 4 -> {
        require(method, "POST");
        yield command(path.get(2), path.get(3), exchange);
      }
      default -> throw notFound();
    };
  }

  private static List<String> path(HttpExchange exchange) {
    return List.of(exchange.getRequestURI().getRawPath().substring(1).split("/", -1));
  }

  private OperatorAnswer health() {
    boolean serving = isServing.getAsBoolean();
    return OperatorAnswer.json(
        serving ? 200 : 503,
        NODES
            .objectNode()
            .put("status", serving ? "SERVING" : "NOT_SERVING")
            // For information: a node whose host does not isolate sandboxes still serves.
            .put("isolated", hostCommands.isolated()));
  }

  private static OperatorAnswer alone(
      String verb, Semaphore permit, Supplier<OperatorAnswer> command) {
    if (!permit.tryAcquire()) {
      throw ApiError.of(
          Reason.RATE_LIMITED,
          cannot(verb, "another such request is in progress", "retry when it has finished"));
    }
    try {
      return command.get();
    } finally {
      permit.release();
    }
  }

  private OperatorAnswer backUp() {
    return OperatorAnswer.json(201, NODES.objectNode().put("file", backup.backUp()));
  }

  private OperatorAnswer rebuild() {
    var done = rows.rebuild();
    return OperatorAnswer.json(
        200,
        NODES
            .objectNode()
            .put("organizations", done.organizations())
            .put("instances", done.instances())
            .put("removed", done.removed())
            .put("unanswered", done.unanswered()));
  }

  private OperatorAnswer organizations() {
    var list = NODES.objectNode();
    var array = list.putArray("organizations");
    commands.organizations().forEach(o -> array.add(json(o)));
    return OperatorAnswer.json(200, list);
  }

  private OperatorAnswer create(JsonNode body) {
    JsonNode name = body.path("name");
    if (!name.isTextual()) {
      throw ApiError.must("name", "be the name of the new organization");
    }
    var created = commands.create(name.asText());
    var answer = NODES.objectNode();
    answer.set("organization", json(created.organization()));
    return OperatorAnswer.json(201, answer.put("api_key", created.key().reveal()));
  }

  private OperatorAnswer command(String organizationId, String verb, HttpExchange exchange)
      throws IOException {
    return switch (verb) {
      case "tier" -> {
        String tier = tier(body(exchange));
        yield OperatorAnswer.json(
            200, json(found(commands.setTier(organizationId(organizationId), tier))));
      }
      case "keys" -> {
        body(exchange);
        var key = found(commands.newKey(organizationId(organizationId)));
        yield OperatorAnswer.json(201, NODES.objectNode().put("api_key", key.reveal()));
      }
      default ->
          incidents
              .organization(organizationId(organizationId), verb, body(exchange))
              .orElseThrow(OperatorRoutes::notFound);
    };
  }

  private static String tier(JsonNode body) {
    JsonNode tier = body.path("tier");
    if (!tier.isTextual()) {
      throw ApiError.must("tier", "be one of " + String.join(", ", OperatorCommands.TIERS));
    }
    return Fields.oneOf("tier", tier.asText(), OperatorCommands.TIERS);
  }

  private JsonNode body(HttpExchange exchange) throws IOException {
    byte[] bytes = exchange.getRequestBody().readNBytes(maxBodyBytes + 1);
    if (bytes.length > maxBodyBytes) {
      throw ApiError.of(Reason.TOO_LARGE, must("body", "be at most " + maxBodyBytes + " bytes"));
    }
    if (bytes.length == 0) {
      return NODES.objectNode();
    }
    try {
      JsonNode body = JSON.readTree(bytes);
      if (body instanceof ObjectNode) {
        return body;
      }
    } catch (JsonProcessingException e) {
      // Rejected below: the parser's message may quote the body, which may contain a secret.
    }
    throw ApiError.must("body", "be a JSON object");
  }

  private boolean isOperator(@Nullable List<String> headers) {
    String value = headers == null || headers.size() != 1 ? "" : headers.getFirst();
    boolean bearer = value.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return bearer && token.is(value.substring(BEARER.length()).strip());
  }

  private static String organizationId(String text) {
    if (!Ids.isId(text)) {
      throw organizationNotFound();
    }
    return text;
  }

  static <T> T found(Optional<T> result) {
    return result.orElseThrow(OperatorRoutes::organizationNotFound);
  }

  private static ApiError organizationNotFound() {
    return ApiError.of(Reason.ORGANIZATION_NOT_FOUND, "Organization not found.");
  }

  static ApiError notFound() {
    return ApiError.of(Reason.PATH_NOT_FOUND, must("path", "be an operator path"));
  }

  static void require(String method, String... allowed) {
    if (!List.of(allowed).contains(method)) {
      throw ApiError.of(
          Reason.PATH_NOT_FOUND, must("method", "be " + String.join(" or ", allowed), method));
    }
  }

  static ObjectNode json(OrganizationSummary o) {
    ObjectNode json =
        NODES
            .objectNode()
            .put("id", o.id())
            .put("name", o.name())
            .put("subscription_tier", o.tier());
    o.instanceLimit().ifPresent(limit -> json.put("instance_limit", limit));
    return json.put("instance_count", o.instanceCount()).put("standing", o.standing());
  }
}

package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The skills of an agent, as its running gateway knows them: nothing of them is kept here. Blocks.
 */
public final class OpenClawSkills {
  private static final String WORKSPACE = OpenClawHome.absolute(OpenClawHome.WORKSPACE) + "/";
  private static final String FOLDER = "skills/";

  /** Between two looks whether a change is seen. */
  private static final Duration PAUSE = Duration.ofMillis(50);

  /** Bytes of an archive in one frame: OpenClaw takes four times as much. */
  private static final int PIECE = 1 << 20;

  private final GatewayConversations conversations;
  private final OpenClawAdmin admin;
  private final Duration installLimit;
  private final Duration seenLimit;

  /**
   * Wires it.
   *
   * @param installLimit of an installation: the agent's side may have to fetch it from far away
   * @param seenLimit after a change of a folder, until the gateway is believed to see it: it looks
   *     again when the file system told it, a moment later
   */
  public OpenClawSkills(
      GatewayConversations conversations,
      OpenClawAdmin admin,
      Duration installLimit,
      Duration seenLimit) {
    this.conversations = conversations;
    this.admin = admin;
    this.installLimit = installLimit;
    this.seenLimit = seenLimit;
  }

  /**
   * A skill.
   *
   * @param key under which it is configured
   * @param source {@code clawhub}, {@code workspace}, {@code bundled}, or OpenClaw's other words
   * @param folder from the workspace on; empty: it lies elsewhere
   * @param ready whether the agent may use it now
   * @param enabled false once it was switched off
   * @param requiredEnv names of the environment variables that it needs
   * @param missingEnv those of them that it lacks
   * @param missing all that it lacks, each as {@code kind:name}
   * @param apiKeyEnv the variable that an API key is given to it in
   * @param version that was installed from ClawHub
   */
  public record Skill(
      String name,
      String key,
      String description,
      String source,
      Optional<FilePath> folder,
      boolean ready,
      boolean enabled,
      List<String> requiredEnv,
      List<String> missingEnv,
      List<String> missing,
      Optional<String> apiKeyEnv,
      Optional<String> version) {
    /** Whether it is a folder that may be taken away. */
    public boolean isInstalled() {
      return folder.filter(path -> path.names().getFirst().equals("skills")).isPresent();
    }
  }

  /** What to install. */
  public sealed interface Source {
    /** What the skill is called where it comes from. */
    String slug();

    /** From ClawHub; no version: the latest. */
    record ClawHub(String slug, Optional<String> version) implements Source {}

    /** A zip; the slug is the name that its folder gets. */
    record Archive(String slug, ByteString zip) implements Source {}

    /** Where it lies once it is installed. */
    default FilePath folder() {
      return FilePath.parse(FOLDER + slug().substring(slug().lastIndexOf('/') + 1));
    }
  }

  /**
   * What was installed.
   *
   * @param said OpenClaw's words
   */
  public record Installed(Skill skill, String said) {}

  /** All skills that the agent has, by name. */
  public List<Skill> list(Gateway gateway) throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      return list(socket);
    }
  }

  private static List<Skill> list(GatewaySocket socket) throws InterruptedException {
    var report = GatewayConversations.ask(socket, "skills.status", none());
    var skills = new ArrayList<Skill>();
    report.path("skills").forEach(row -> skills.add(skill(row)));
    skills.sort(Comparator.comparing(Skill::name));
    return skills;
  }

  /** The one of that name. */
  public Optional<Skill> find(Gateway gateway, String name) throws InterruptedException {
    return list(gateway).stream().filter(skill -> skill.name().equals(name)).findFirst();
  }

  /**
   * Installs one.
   *
   * @param overwrite whether one that is there is replaced
   * @throws SkillRefused when there is no such skill afterwards
   */
  public Installed install(Gateway gateway, Source source, boolean overwrite)
      throws InterruptedException {
    try (var socket = conversations.open(gateway, installLimit)) {
      var before = at(socket, source.folder());
      var params =
          switch (source) {
            case Source.ClawHub(var slug, var version) -> {
              var wanted = none().put("source", "clawhub").put("slug", slug);
              version.ifPresent(said -> wanted.put("version", said));
              yield wanted;
            }
            case Source.Archive(var slug, var zip) ->
                none()
                    .put("source", "upload")
                    .put("slug", slug)
                    .put("uploadId", upload(gateway, socket, slug, zip, overwrite));
          };
      var answer = socket.call("skills.install", params.put("force", overwrite));
      if (!(answer instanceof Done(var payload))) throw refusal(source, answer);
      return seen(socket, source.folder(), now -> now.isPresent() && !now.equals(before))
          .map(skill -> new Installed(skill, payload.path("message").asText()))
          .orElseThrow(() -> new SkillRefused(SkillRefused.Reason.UNREADABLE));
    }
  }

  private static Optional<Skill> at(GatewaySocket socket, FilePath folder)
      throws InterruptedException {
    return list(socket).stream()
        .filter(skill -> skill.folder().filter(folder::equals).isPresent())
        .findFirst();
  }

  /** What the gateway says lies there, as soon as that is so, or when it was long enough. */
  private Optional<Skill> seen(
      GatewaySocket socket, FilePath folder, Predicate<Optional<Skill>> isSo)
      throws InterruptedException {
    long until = System.nanoTime() + seenLimit.toNanos();
    while (true) {
      var now = at(socket, folder);
      if (isSo.test(now) || System.nanoTime() > until) return now;
      Thread.sleep(PAUSE);
    }
  }

  /** Waits until the gateway does not see it any more, after its folder was removed. */
  public void awaitGone(Gateway gateway, FilePath folder) throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var _ = seen(socket, folder, Optional::isEmpty);
    }
  }

  /** Returns the upload's id. */
  private String upload(
      Gateway gateway, GatewaySocket socket, String slug, ByteString zip, boolean overwrite)
      throws InterruptedException {
    var params =
        none()
            .put("kind", "skill-archive")
            .put("slug", slug)
            .put("sizeBytes", zip.size())
            .put("force", overwrite);
    var begun = socket.call("skills.upload.begin", params);
    if (isClosed(begun)) {
      open(gateway);
      begun = socket.call("skills.upload.begin", params);
    }
    var id = done(begun).path("uploadId").asText();
    for (int at = 0; at < zip.size(); at += PIECE) {
      var piece = zip.substring(at, Math.min(zip.size(), at + PIECE)).toByteArray();
      var chunk =
          none()
              .put("uploadId", id)
              .put("offset", at)
              .put("dataBase64", Base64.getEncoder().encodeToString(piece));
      GatewayConversations.ask(socket, "skills.upload.chunk", chunk);
    }
    GatewayConversations.ask(socket, "skills.upload.commit", none().put("uploadId", id));
    return id;
  }

  private static boolean isClosed(AdminAnswer answer) {
    return answer instanceof Busy(var message)
        && message.contains(OwnedSettings.ARCHIVES.getLast());
  }

  /** A gateway takes archives from nobody until it is told to: it is, when somebody brings one. */
  private void open(Gateway gateway) throws InterruptedException {
    var patch = none();
    patch.withObject("/skills/install").put(OwnedSettings.ARCHIVES.getLast(), true);
    patch(gateway, patch);
  }

  /** By OpenClaw's words, of which it has no others for most of these. */
  private static RuntimeException refusal(Source source, AdminAnswer answer) {
    var said =
        switch (answer) {
          case Busy(var message) -> message.toLowerCase(Locale.ROOT);
          case Refused(_, var message, _) -> message.toLowerCase(Locale.ROOT);
          default -> "";
        };
    if (said.isEmpty() || said.startsWith("rate limit exceeded")) {
      return new UnansweredException(answer);
    }
    if (said.contains("already exists")) return new SkillRefused(SkillRefused.Reason.EXISTS);
    boolean ours = source instanceof Source.Archive;
    if (ours && answer instanceof Busy) return new UnansweredException(answer);
    if (ours) return new SkillRefused(SkillRefused.Reason.NO_SKILL);
    if (said.contains("not found on clawhub")
        || said.contains("no installable version")
        || said.contains("check the skill reference")) {
      return new SkillRefused(SkillRefused.Reason.NOT_FOUND);
    }
    if (said.contains("ambiguous")) return new SkillRefused(SkillRefused.Reason.AMBIGUOUS);
    if (said.contains("blocked")
        || said.contains("malicious")
        || said.contains("not installable")) {
      return new SkillRefused(SkillRefused.Reason.HARMFUL);
    }
    return new SkillRefused(SkillRefused.Reason.NO_REGISTRY);
  }

  /** Configures it; what the change leaves out stays as it is. */
  public void configure(Gateway gateway, Skill skill, SkillChange change)
      throws InterruptedException {
    var patch = none();
    patch.withObject("/skills/entries").set(skill.key(), change.patch());
    patch(gateway, patch);
  }

  /** Forgets all that was configured for it. */
  public void forget(Gateway gateway, Skill skill) throws InterruptedException {
    var patch = none();
    patch.withObject("/skills/entries").putNull(skill.key());
    patch(gateway, patch);
  }

  private void patch(Gateway gateway, ObjectNode patch) throws InterruptedException {
    var answer = admin.patchConfig(gateway.at(), gateway.token(), List.of(patch));
    // In what it says of a value the value may stand.
    if (answer instanceof Refused(var code, _, _)) {
      answer = new Refused(code, "does not take this configuration", List.of());
    }
    var _ = done(answer);
  }

  private static JsonNode done(AdminAnswer answer) {
    if (answer instanceof Done(var payload)) return payload;
    throw new UnansweredException(answer);
  }

  private static Skill skill(JsonNode row) {
    var missing = row.path("missing");
    return new Skill(
        row.path("name").asText(),
        row.path("skillKey").asText(),
        row.path("description").asText(),
        source(row),
        folder(row.path("baseDir").asText()),
        row.path("eligible").asBoolean() && !row.path("blockedByAgentFilter").asBoolean(),
        !row.path("disabled").asBoolean(),
        texts(row.at("/requirements/env")),
        texts(missing.path("env")),
        missing(missing),
        text(row.path("primaryEnv")),
        isOfClawHub(row) ? text(row.at("/clawhub/installedVersion")) : Optional.empty());
  }

  private static boolean isOfClawHub(JsonNode row) {
    return row.at("/clawhub/valid").asBoolean();
  }

  private static String source(JsonNode row) {
    if (isOfClawHub(row)) return "clawhub";
    var source = row.path("source").asText();
    return source.startsWith("openclaw-") ? source.substring("openclaw-".length()) : source;
  }

  private static Optional<FilePath> folder(String path) {
    if (!path.startsWith(WORKSPACE)) return Optional.empty();
    try {
      return Optional.of(FilePath.parse(path.substring(WORKSPACE.length())));
    } catch (FileRefused noneThatAnybodyCouldName) {
      return Optional.empty();
    }
  }

  private static List<String> missing(JsonNode missing) {
    var all = new ArrayList<String>();
    texts(missing.path("env")).forEach(name -> all.add("env:" + name));
    texts(missing.path("bins")).forEach(name -> all.add("bin:" + name));
    var any = texts(missing.path("anyBins"));
    if (!any.isEmpty()) all.add("bin:" + String.join("|", any));
    texts(missing.path("config")).forEach(name -> all.add("config:" + name));
    texts(missing.path("os")).forEach(name -> all.add("os:" + name));
    return all;
  }

  private static List<String> texts(JsonNode array) {
    var texts = new ArrayList<String>();
    array.forEach(one -> texts.add(one.asText()));
    return texts;
  }

  private static Optional<String> text(JsonNode node) {
    return node.isTextual() && !node.asText().isEmpty()
        ? Optional.of(node.asText())
        : Optional.empty();
  }

  private static ObjectNode none() {
    return OpenClawConfig.JSON.createObjectNode();
  }
}

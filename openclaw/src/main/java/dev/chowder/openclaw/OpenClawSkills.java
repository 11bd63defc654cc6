package dev.chowder.openclaw;

import static dev.chowder.openclaw.config.OpenClawConfig.none;
import static dev.chowder.openclaw.config.OpenClawConfig.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.config.OwnedSettings;
import dev.chowder.openclaw.home.OpenClawHome;
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
 * Lists, installs and configures an agent's skills through its running gateway. Stores nothing.
 * Blocks.
 *
 * @param installLimit the maximum duration of an installation, which may be a slow download
 * @param noticeLimit how long to wait until the gateway notices a change of a folder. The file
 *     system notifies it a moment after the change
 */
public record OpenClawSkills(
    GatewayConversations conversations,
    OpenClawAdmin admin,
    Duration installLimit,
    Duration noticeLimit) {
  private static final String WORKSPACE = OpenClawHome.absolute(OpenClawHome.WORKSPACE) + "/";
  private static final String FOLDER = "skills/";

  /** The time between two checks whether the gateway noticed a change. */
  private static final Duration PAUSE = Duration.ofMillis(50);

  /** Bytes of an archive in one frame, a quarter of what OpenClaw accepts. */
  private static final int PIECE = 1 << 20;

  /**
   * A skill.
   *
   * @param key the name of its configuration
   * @param source {@code clawhub}, {@code workspace}, {@code bundled}, or another source of
   *     OpenClaw
   * @param folder relative to the workspace; empty if the skill is stored elsewhere
   * @param ready whether the agent may use the skill now
   * @param enabled false if the skill was disabled
   * @param requiredEnv the environment variables that the skill needs
   * @param missingEnv the required environment variables that are not set
   * @param missing all missing requirements, each as {@code kind:name}
   * @param apiKeyEnv the variable that passes the API key to the skill
   * @param version the version that was installed from ClawHub
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
    /** Returns whether the skill is a folder that may be removed. */
    public boolean isInstalled() {
      return folder.filter(path -> path.names().getFirst().equals("skills")).isPresent();
    }
  }

  /** The source of a skill to install. */
  public sealed interface Source {
    /** Returns the name of the skill at its source. */
    String slug();

    /** A skill from ClawHub. An empty version means the latest. */
    record ClawHub(String slug, Optional<String> version) implements Source {}

    /** A skill from a zip archive. The slug becomes the name of its folder. */
    record Archive(String slug, ByteString zip) implements Source {}

    /** Returns the folder of the installed skill. */
    default FilePath folder() {
      return FilePath.parse(FOLDER + slug().substring(slug().lastIndexOf('/') + 1));
    }
  }

  /**
   * An installed skill.
   *
   * @param message OpenClaw's message
   */
  public record Installed(Skill skill, String message) {}

  /** Returns all skills of the agent, sorted by name. */
  public List<Skill> list(Gateway gateway) throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      return list(socket);
    }
  }

  private static List<Skill> list(GatewaySocket socket) throws InterruptedException {
    var report = socket.call("skills.status", none()).payload();
    var skills = new ArrayList<Skill>();
    report.path("skills").forEach(row -> skills.add(skill(row)));
    skills.sort(Comparator.comparing(Skill::name));
    return skills;
  }

  /** Returns the skill with this name; empty if there is none. */
  public Optional<Skill> find(Gateway gateway, String name) throws InterruptedException {
    return list(gateway).stream().filter(skill -> skill.name().equals(name)).findFirst();
  }

  /**
   * Installs a skill.
   *
   * @param overwrite whether to replace an installed skill of the same name
   * @throws SkillRefused if the skill is not installed afterwards
   */
  public Installed install(Gateway gateway, Source source, boolean overwrite)
      throws InterruptedException {
    try (var socket = conversations.open(gateway, installLimit)) {
      var before = at(socket, source.folder());
      var params =
          switch (source) {
            case Source.ClawHub(var slug, var version) -> {
              var wanted = none().put("source", "clawhub").put("slug", slug);
              version.ifPresent(text -> wanted.put("version", text));
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
      return awaitSkill(socket, source.folder(), now -> now.isPresent() && !now.equals(before))
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

  /** Returns the skill in a folder, once it meets the condition or the time is over. */
  private Optional<Skill> awaitSkill(
      GatewaySocket socket, FilePath folder, Predicate<Optional<Skill>> condition)
      throws InterruptedException {
    long deadline = System.nanoTime() + noticeLimit.toNanos();
    while (true) {
      var now = at(socket, folder);
      if (condition.test(now) || System.nanoTime() > deadline) return now;
      Thread.sleep(PAUSE);
    }
  }

  /** Waits until the gateway no longer lists a skill whose folder was removed. */
  public void awaitRemoved(Gateway gateway, FilePath folder) throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var _ = awaitSkill(socket, folder, Optional::isEmpty);
    }
  }

  /** Uploads an archive; returns the upload's id. */
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
    var id = begun.payload().path("uploadId").asText();
    for (int at = 0; at < zip.size(); at += PIECE) {
      var piece = zip.substring(at, Math.min(zip.size(), at + PIECE)).toByteArray();
      var chunk =
          none()
              .put("uploadId", id)
              .put("offset", at)
              .put("dataBase64", Base64.getEncoder().encodeToString(piece));
      var _ = socket.call("skills.upload.chunk", chunk).payload();
    }
    var _ = socket.call("skills.upload.commit", none().put("uploadId", id)).payload();
    return id;
  }

  private static boolean isClosed(AdminAnswer answer) {
    return answer instanceof Busy(var message)
        && message.contains(OwnedSettings.ARCHIVES.getLast());
  }

  /** Permits uploads of archives, which a gateway rejects by default, at the first upload. */
  private void open(Gateway gateway) throws InterruptedException {
    var patch = none();
    patch.withObject("/skills/install").put(OwnedSettings.ARCHIVES.getLast(), true);
    patch(gateway, patch);
  }

  /** Derives the reason from OpenClaw's message, since most failures have no code of their own. */
  private static RuntimeException refusal(Source source, AdminAnswer answer) {
    var message =
        switch (answer) {
          case Busy(var text) -> text.toLowerCase(Locale.ROOT);
          case Refused(_, var text, _) -> text.toLowerCase(Locale.ROOT);
          default -> "";
        };
    if (message.isEmpty() || message.startsWith("rate limit exceeded")) {
      return new UnansweredException(answer);
    }
    if (message.contains("already exists")) return new SkillRefused(SkillRefused.Reason.EXISTS);
    boolean isArchive = source instanceof Source.Archive;
    if (isArchive && answer instanceof Busy) return new UnansweredException(answer);
    if (isArchive) return new SkillRefused(SkillRefused.Reason.NO_SKILL);
    if (message.contains("not found on clawhub")
        || message.contains("no installable version")
        || message.contains("check the skill reference")) {
      return new SkillRefused(SkillRefused.Reason.NOT_FOUND);
    }
    if (message.contains("ambiguous")) return new SkillRefused(SkillRefused.Reason.AMBIGUOUS);
    if (message.contains("blocked")
        || message.contains("malicious")
        || message.contains("not installable")) {
      return new SkillRefused(SkillRefused.Reason.HARMFUL);
    }
    return new SkillRefused(SkillRefused.Reason.NO_REGISTRY);
  }

  /** Configures a skill. Settings that the change leaves out stay as they are. */
  public void configure(Gateway gateway, Skill skill, SkillChange change)
      throws InterruptedException {
    var patch = none();
    patch.withObject("/skills/entries").set(skill.key(), change.patch());
    patch(gateway, patch);
  }

  /** Removes the whole configuration of a skill. */
  public void forget(Gateway gateway, Skill skill) throws InterruptedException {
    var patch = none();
    patch.withObject("/skills/entries").putNull(skill.key());
    patch(gateway, patch);
  }

  private void patch(Gateway gateway, ObjectNode patch) throws InterruptedException {
    var answer = admin.patchConfig(gateway.at(), gateway.token(), List.of(patch));
    // The message is replaced, because it may quote a secret value.
    if (answer instanceof Refused(var code, _, _)) {
      answer = new Refused(code, "the gateway rejects this configuration", List.of());
    }
    var _ = answer.payload();
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
    } catch (FileRefused notNameable) {
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
}

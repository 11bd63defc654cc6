package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.FileTree;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Simulates the skills of one agent: two bundled ones, and those with a folder in its workspace.
 * Also simulates ClawHub. {@link #SEARCH} can be installed, {@link #AMBIGUOUS} and {@link #HARMFUL}
 * are rejected, and a request for {@link #SILENT} fails. No other skills exist.
 */
final class FakeSkills {
  static final String SEARCH = "web-search";
  static final String AMBIGUOUS = "of-many";
  static final String HARMFUL = "malware";
  static final String SILENT = "far-away";

  private static final String WORKSPACE = "/home/node/.openclaw/workspace";
  private static final String SEARCH_SKILL =
      """
      ---
      name: web-search
      description: Searches the web.
      metadata: {"openclaw": {"requires": {"env": ["SEARCH_KEY"]}, "primaryEnv": "SEARCH_KEY"}}
      ---
      """;
  private static final int MAX_UPLOADS = 16;

  /** OpenClaw's code of errors that only report that a request failed. */
  private static final String UNAVAILABLE = "UNAVAILABLE";

  private final Path home;
  private final Map<String, Upload> uploads = new LinkedHashMap<>();

  private record Upload(String slug, ByteArrayOutputStream zip) {}

  FakeSkills(Path home) {
    this.home = home;
  }

  /** Answers a request about skills, and returns whether it was one. */
  synchronized boolean answer(String method, JsonNode params, ObjectNode answer) {
    try {
      switch (method) {
        case "skills.status" -> status(payload(answer));
        case "skills.upload.begin" -> begin(params, answer);
        case "skills.upload.chunk" ->
            payload(answer).put("receivedBytes", addChunk(params).zip.size());
        case "skills.upload.commit" -> payload(answer).put("uploadId", id(params));
        case "skills.install" -> install(params, answer);
        default -> {
          return false;
        }
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return true;
  }

  private static ObjectNode payload(ObjectNode answer) {
    return answer.put("ok", true).putObject("payload");
  }

  private static String id(JsonNode params) {
    return params.path("uploadId").asText();
  }

  private void status(ObjectNode report) throws IOException {
    report.put("workspaceDir", WORKSPACE);
    var rows = report.putArray("skills");
    var config = FakeOpenClaw.config(home).at("/skills/entries");
    row(rows.addObject(), Skill.bundled("weather", List.of()), config);
    row(rows.addObject(), Skill.bundled("telescope", List.of("telescope")), config);
    for (var folder : folders()) {
      var skill = skill(folder);
      if (skill.isPresent()) row(rows.addObject(), skill.get(), config);
    }
  }

  private List<Path> folders() throws IOException {
    var skills = workspace().resolve("skills");
    if (!Files.isDirectory(skills)) return List.of();
    try (var all = Files.list(skills)) {
      return all.filter(Files::isDirectory).sorted().toList();
    }
  }

  private Path workspace() {
    return home.resolve(".openclaw/workspace");
  }

  /**
   * The parts of a SKILL.md that tests write: a name, a description, and metadata as JSON in one
   * line.
   */
  private record Skill(
      String name,
      String description,
      String source,
      String baseDir,
      JsonNode metadata,
      List<String> bins,
      String version) {
    static Skill bundled(String name, List<String> bins) {
      return new Skill(
          name,
          "Comes with OpenClaw.",
          "openclaw-bundled",
          "/opt/openclaw/skills/" + name,
          FakeOpenClaw.JSON.createObjectNode(),
          bins,
          "");
    }
  }

  private Optional<Skill> skill(Path folder) throws IOException {
    var file = folder.resolve("SKILL.md");
    if (!Files.isRegularFile(file)) return Optional.empty();
    var fields = new HashMap<String, String>();
    for (var line : Files.readAllLines(file, UTF_8)) {
      int colon = line.indexOf(':');
      if (colon > 0)
        fields.putIfAbsent(line.substring(0, colon), line.substring(colon + 1).strip());
    }
    if (!fields.containsKey("name") || !fields.containsKey("description")) return Optional.empty();
    var slug = String.valueOf(folder.getFileName());
    return Optional.of(
        new Skill(
            fields.getOrDefault("name", ""),
            fields.getOrDefault("description", ""),
            "openclaw-workspace",
            WORKSPACE + "/skills/" + slug,
            json(fields.getOrDefault("metadata", "{}")).path("openclaw"),
            List.of(),
            lock().at("/skills/" + slug + "/version").asText()));
  }

  private static JsonNode json(String text) {
    try {
      return FakeOpenClaw.JSON.readTree(text);
    } catch (JsonProcessingException none) {
      return FakeOpenClaw.JSON.createObjectNode();
    }
  }

  private static void row(ObjectNode row, Skill skill, JsonNode config) {
    var entry = config.path(skill.name);
    row.put("name", skill.name)
        .put("skillKey", skill.name)
        .put("description", skill.description)
        .put("source", skill.source)
        .put("baseDir", skill.baseDir);
    var key = skill.metadata.path("primaryEnv").asText();
    if (!key.isEmpty()) row.put("primaryEnv", key);
    var required = row.putObject("requirements").putArray("env");
    var missing = row.putObject("missing");
    var missingEnv = missing.putArray("env");
    for (var name : skill.metadata.at("/requires/env")) {
      required.add(name);
      boolean has =
          !entry.path("env").path(name.asText()).asText().isEmpty()
              || (name.asText().equals(key) && !entry.path("apiKey").asText().isEmpty());
      if (!has) missingEnv.add(name);
    }
    var bins = missing.putArray("bins");
    skill.bins.forEach(bins::add);
    boolean disabled = entry.has("enabled") && !entry.path("enabled").asBoolean();
    row.put("disabled", disabled)
        .put("eligible", !disabled && missingEnv.isEmpty() && bins.isEmpty())
        .put("blockedByAgentFilter", false);
    if (!skill.version.isEmpty()) {
      row.putObject("clawhub").put("valid", true).put("installedVersion", skill.version);
    }
  }

  private void begin(JsonNode params, ObjectNode answer) {
    var allowed = FakeOpenClaw.config(home).at("/skills/install/allowUploadedArchives");
    if (!allowed.asBoolean()) {
      reject(
          answer,
          "Uploaded skill archive installs are disabled by skills.install.allowUploadedArchives");
      return;
    }
    if (uploads.size() == MAX_UPLOADS) uploads.remove(uploads.keySet().iterator().next());
    var id = UUID.randomUUID().toString();
    uploads.put(id, new Upload(params.path("slug").asText(), new ByteArrayOutputStream()));
    payload(answer).put("uploadId", id);
  }

  private Upload addChunk(JsonNode params) {
    var upload = uploads.get(id(params));
    if (upload == null) throw new IllegalStateException("no such upload: " + id(params));
    upload.zip.writeBytes(Base64.getDecoder().decode(params.path("dataBase64").asText()));
    return upload;
  }

  private void install(JsonNode params, ObjectNode answer) throws IOException {
    var reference = params.path("slug").asText();
    var slug = reference.substring(reference.lastIndexOf('/') + 1);
    var target = workspace().resolve("skills").resolve(slug);
    if (Files.exists(target) && !params.path("force").asBoolean()) {
      reject(answer, "Skill already exists at " + target + ". Re-run with force/update.");
      return;
    }
    if (params.path("source").asText().equals("upload")) {
      unpack(params, slug, target, answer);
      return;
    }
    switch (slug) {
      case SEARCH -> {
        replace(target, Map.of("SKILL.md", SEARCH_SKILL.getBytes(UTF_8)));
        var lock = lock().isObject() ? (ObjectNode) lock() : FakeOpenClaw.JSON.createObjectNode();
        lock.put("version", 1).withObject("/skills/" + slug).put("version", "1.0.0");
        Files.createDirectories(lockFile().getParent());
        Files.writeString(lockFile(), lock.toString());
        payload(answer).put("message", "Installed " + slug + "@1.0.0");
      }
      case AMBIGUOUS -> reject(answer, "Skill \"" + slug + "\" is ambiguous on ClawHub.");
      case HARMFUL -> reject(answer, "ClawHub blocked this release; install was not started.");
      case SILENT -> reject(answer, "fetch failed");
      default -> reject(answer, "Skill \"" + slug + "\" not found on ClawHub.");
    }
  }

  private void unpack(JsonNode params, String slug, Path target, ObjectNode answer)
      throws IOException {
    var upload = uploads.remove(id(params));
    var files = upload == null ? Map.<String, byte[]>of() : files(upload.zip.toByteArray());
    if (!files.containsKey("SKILL.md")) {
      FakeConversation.reject(answer, "INVALID_REQUEST", "archive is missing SKILL.md");
      return;
    }
    replace(target, files);
    payload(answer).put("message", "Installed " + slug);
  }

  private static Map<String, byte[]> files(byte[] zip) throws IOException {
    var files = new HashMap<String, byte[]>();
    try (var in = new ZipInputStream(new ByteArrayInputStream(zip))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        if (!entry.isDirectory()) files.put(entry.getName(), in.readAllBytes());
      }
    }
    return files;
  }

  private static void replace(Path target, Map<String, byte[]> files) throws IOException {
    FileTree.remove(target);
    for (var file : files.entrySet()) {
      var path = target.resolve(file.getKey()).normalize();
      if (!path.startsWith(target)) throw new IOException("not within its skill: " + file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
  }

  private Path lockFile() {
    return workspace().resolve(".clawhub/lock.json");
  }

  private JsonNode lock() throws IOException {
    return Files.exists(lockFile())
        ? json(Files.readString(lockFile()))
        : FakeOpenClaw.JSON.createObjectNode();
  }

  private static void reject(ObjectNode answer, String message) {
    FakeConversation.reject(answer, UNAVAILABLE, message);
  }
}

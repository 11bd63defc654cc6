package dev.chowder.server.skill;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.api.v1.InstallSkillRequest;
import dev.chowder.api.v1.ListSkillsRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UpdateSkillRequest;
import dev.chowder.base.ErrorText;
import dev.chowder.base.Ids;
import dev.chowder.openclaw.OpenClawSkills.Source;
import dev.chowder.openclaw.SkillChange;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.request.Pages;
import dev.chowder.server.request.StructJson;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Parses and checks the requests of {@code SkillService}. Errors show at most the length of a
 * value, since most values are secrets.
 */
record SkillRequests(SkillSettings settings) {
  private static final String FOLDER = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";

  /**
   * The forms that OpenClaw accepts: {@code name}, {@code @owner/name} and skills.sh references.
   */
  private static final Pattern REFERENCE =
      Pattern.compile(
          "(?:@[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?/"
              + "|skills-sh:[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}/)?"
              + FOLDER);

  private static final Pattern FOLDER_NAME = Pattern.compile(FOLDER);

  /**
   * A request for a page of skills.
   *
   * @param after the last name of the previous page; empty if the first page is requested
   */
  record Listing(boolean readyOnly, int pageSize, String after) {}

  /** A request to install a skill. */
  record Installation(Source source, Map<String, Secret> env, boolean overwrite) {}

  static String instance(String id) {
    if (!Ids.isId(id)) throw ApiError.instanceNotFound();
    return id;
  }

  static Listing listing(ListSkillsRequest r) {
    return new Listing(
        r.getEligibleOnly(), Pages.size(r.hasPageSize(), r.getPageSize()), r.getPageToken());
  }

  Installation installation(InstallSkillRequest r) {
    return new Installation(source(r), env(r.getEnvMap()), r.getOverwrite());
  }

  private Source source(InstallSkillRequest r) {
    var slug = r.getSlug();
    if (!r.hasArchive()) {
      if (!REFERENCE.matcher(slug).matches()) {
        throw ApiError.must("slug", "be name or @owner/name", slug);
      }
      return new Source.ClawHub(
          slug, r.hasVersion() ? Optional.of(r.getVersion()) : Optional.empty());
    }
    if (!FOLDER_NAME.matcher(slug).matches()) {
      throw ApiError.must("slug", "be the name of a folder in letters, digits and -", slug);
    }
    if (r.hasVersion()) {
      throw ApiError.must("version", "not be set with an archive, which has its own version");
    }
    var zip = r.getArchive();
    if (zip.isEmpty()) throw ApiError.must("archive", "be a zip", "no bytes");
    if (zip.size() > settings.maxArchiveBytes()) {
      throw tooLarge("archive", zip.size(), settings.maxArchiveBytes());
    }
    return new Source.Archive(slug, zip);
  }

  SkillChange change(UpdateSkillRequest r) {
    return new SkillChange(
        r.hasEnabled() ? Optional.of(r.getEnabled()) : Optional.empty(),
        r.hasApiKey() ? Optional.of(value("api_key", r.getApiKey())) : Optional.empty(),
        env(r.getEnvMap()),
        r.hasConfig()
            ? Optional.of(
                StructJson.of(
                    "config", r.getConfig(), settings.maxConfigBytes(), settings.maxConfigDepth()))
            : Optional.empty());
  }

  private Map<String, Secret> env(Map<String, String> env) {
    if (env.size() > settings.maxEnv()) {
      throw ApiError.must("env", "have at most " + settings.maxEnv() + " variables", env.size());
    }
    var values = new HashMap<String, Secret>();
    env.forEach((name, value) -> values.put(name, value("env", value)));
    return values;
  }

  private Secret value(String field, String value) {
    int bytes = value.getBytes(UTF_8).length;
    if (bytes > settings.maxValueBytes()) {
      throw tooLarge(field, bytes, settings.maxValueBytes());
    }
    // A NUL would end the value, and no environment variable can contain one.
    if (value.indexOf('\0') >= 0) {
      throw ApiError.must(field, "have no NUL character");
    }
    return Secret.of(value);
  }

  private static ApiError tooLarge(String field, int bytes, int most) {
    return ApiError.of(
        Reason.TOO_LARGE, ErrorText.must(field, "be at most " + most + " bytes", bytes));
  }
}

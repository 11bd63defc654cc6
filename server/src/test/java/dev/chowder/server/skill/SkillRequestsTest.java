package dev.chowder.server.skill;

import static dev.chowder.server.rules.Checked.checked;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.InstallSkillRequest;
import dev.chowder.api.v1.ListSkillsRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UpdateSkillRequest;
import dev.chowder.base.Ids;
import dev.chowder.openclaw.OpenClawSkills.Source;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.Rejection;
import dev.chowder.settings.SettingsBinder;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SkillRequestsTest {
  private static final SkillSettings SETTINGS =
      SettingsBinder.bind(ConfigFactory.load(), SkillSettings.class);
  private static final String VALUE = "open-sesame";

  private final SkillRequests requests = new SkillRequests(SETTINGS);

  @Test
  void aSkillComesFromClawHubOrFromAnArchive() {
    assertThat(requests.installation(slug("web-search").build()))
        .isEqualTo(
            new SkillRequests.Installation(
                new Source.ClawHub("web-search", Optional.empty()), Map.of(), false));
    assertThat(requests.installation(slug("@some.one/web").setVersion("1.0.0").build()).source())
        .isEqualTo(new Source.ClawHub("@some.one/web", Optional.of("1.0.0")));
    assertThat(requests.installation(slug("skills-sh:some-one/re.po/web").build()).source())
        .extracting(source -> source.folder().toString())
        .isEqualTo("skills/web");
    var zip = ByteString.copyFromUtf8("zip");
    var archive = slug("mine").setArchive(zip).setOverwrite(true).putEnv("A_b1", VALUE);
    assertThat(requests.installation(archive.build()))
        .isEqualTo(
            new SkillRequests.Installation(
                new Source.Archive("mine", zip), Map.of("A_b1", Secret.of(VALUE)), true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "..",
        "../x",
        "a/b",
        "/a",
        "@/a",
        "@a",
        "@a/b/c",
        "@a/../b",
        "a..b",
        "-a",
        "a-",
        "a b",
        "a\n",
        "a\u0000",
        "é",
        "a\\b",
        "git:o/r",
        "skills-sh:a/b",
        "skills-sh:a/b/../c",
        "@a/b@c"
      })
  void anInvalidReferenceIsRejected(String slug) {
    rejects("slug", () -> requests.installation(checked(slug(slug).build())));
  }

  @ParameterizedTest
  @ValueSource(strings = {"@a/b", "a.b", "a_b", "skills-sh:a/b/c"})
  void anArchivesFolderHasNoOwner(String slug) {
    var archive = slug(slug).setArchive(ByteString.copyFromUtf8("zip")).build();
    rejects("slug", () -> requests.installation(archive));
  }

  @Test
  void anArchiveHasALimitAndNoVersion() {
    rejects("archive", () -> requests.installation(slug("a").setArchive(ByteString.EMPTY).build()));
    tooLarge(
        "archive",
        () ->
            requests.installation(
                slug("a")
                    .setArchive(ByteString.copyFrom(new byte[SETTINGS.maxArchiveBytes() + 1]))
                    .build()));
    rejects(
        "version",
        () ->
            requests.installation(
                slug("a").setArchive(ByteString.copyFromUtf8("z")).setVersion("1").build()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1A", "A-B", "A B", "A=B", "Ä", "A\u0000", "A\n"})
  void environmentVariablesHaveASyntax(String name) {
    rejects("env", () -> requests.change(checked(change().putEnv(name, VALUE).build())));
    rejects("env", () -> checked(slug("a").putEnv(name, VALUE).build()));
  }

  @Test
  void valuesHaveLimitsAndAreNeverShown() {
    var huge = VALUE.repeat(SETTINGS.maxValueBytes());
    tooLarge(
        "env", () -> requests.change(UpdateSkillRequest.newBuilder().putEnv("A", huge).build()));
    tooLarge(
        "api_key", () -> requests.change(UpdateSkillRequest.newBuilder().setApiKey(huge).build()));
    rejects(
        "api_key",
        () -> requests.change(UpdateSkillRequest.newBuilder().setApiKey(VALUE + '\0').build()));
    var many = UpdateSkillRequest.newBuilder();
    for (int n = 0; n <= SETTINGS.maxEnv(); n++) many.putEnv("A" + n, VALUE);
    rejects("env", () -> requests.change(many.build()));
    var deep = Struct.newBuilder().putFields("a", Value.newBuilder().setStringValue(VALUE).build());
    for (int n = 0; n < SETTINGS.maxConfigDepth(); n++) {
      deep =
          Struct.newBuilder()
              .putFields("a", Value.newBuilder().setStructValue(deep.build()).build());
    }
    var config = UpdateSkillRequest.newBuilder().setConfig(deep).build();
    rejects("config", () -> requests.change(config));
  }

  @Test
  void anEmptyChangeIsValid() {
    assertThat(requests.change(UpdateSkillRequest.getDefaultInstance()).isEmpty()).isTrue();
    assertThat(requests.change(UpdateSkillRequest.newBuilder().setEnabled(false).build()).isEmpty())
        .isFalse();
  }

  @Test
  void aListContainsAllSkillsByDefault() {
    assertThat(SkillRequests.listing(ListSkillsRequest.getDefaultInstance()))
        .isEqualTo(new SkillRequests.Listing(false, 100, ""));
    rejects("skill_name", () -> checked(change().setSkillName("x".repeat(129)).build()));
  }

  private static InstallSkillRequest.Builder slug(String slug) {
    return InstallSkillRequest.newBuilder().setInstanceId(Ids.next()).setSlug(slug);
  }

  private static UpdateSkillRequest.Builder change() {
    return UpdateSkillRequest.newBuilder().setInstanceId(Ids.next()).setSkillName("a");
  }

  private static void rejects(String field, ThrowingCallable call) {
    Rejection.of(call).hasField(field).hides(VALUE);
  }

  private static void tooLarge(String field, ThrowingCallable call) {
    Rejection.of(call).hasReason(Reason.TOO_LARGE).shows(field).hides(VALUE);
  }
}

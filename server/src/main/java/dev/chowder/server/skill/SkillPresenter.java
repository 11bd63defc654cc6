package dev.chowder.server.skill;

import dev.chowder.api.v1.InstallSkillResponse;
import dev.chowder.api.v1.ListSkillsResponse;
import dev.chowder.api.v1.Skill;
import dev.chowder.openclaw.OpenClawSkills;
import dev.chowder.server.skill.SkillRequests.Listing;
import java.util.List;

/** Converts skills to messages of the API. */
final class SkillPresenter {
  private SkillPresenter() {}

  /**
   * Returns one page of skills.
   *
   * @param all every skill of the agent, sorted by name
   */
  static ListSkillsResponse page(Listing wanted, List<OpenClawSkills.Skill> all) {
    var rest =
        all.stream()
            .filter(skill -> skill.ready() || !wanted.readyOnly())
            .filter(skill -> skill.name().compareTo(wanted.after()) > 0)
            .toList();
    var response = ListSkillsResponse.newBuilder();
    rest.stream().limit(wanted.pageSize()).map(SkillPresenter::skill).forEach(response::addSkills);
    if (rest.size() > wanted.pageSize()) {
      response.setNextPageToken(rest.get(wanted.pageSize() - 1).name());
    }
    return response.build();
  }

  static Skill skill(OpenClawSkills.Skill skill) {
    var shown =
        Skill.newBuilder()
            .setName(skill.name())
            .setDescription(skill.description())
            .setSource(skill.source())
            .setReady(skill.ready())
            .setEnabled(skill.enabled())
            .addAllRequiredEnv(skill.requiredEnv())
            .addAllMissing(skill.missing());
    skill.folder().ifPresent(folder -> shown.setPath(folder.toString()));
    skill.apiKeyEnv().ifPresent(shown::setApiKeyEnv);
    skill.version().ifPresent(shown::setVersion);
    return shown.build();
  }

  static InstallSkillResponse installed(OpenClawSkills.Skill skill, String output) {
    var missing = skill.missingEnv();
    return InstallSkillResponse.newBuilder()
        .setSkill(skill.name())
        .setStatus(
            missing.isEmpty()
                ? InstallSkillResponse.Status.installed
                : InstallSkillResponse.Status.installed_missing_env)
        .setOutput(output)
        .addAllRequiredEnv(skill.requiredEnv())
        .addAllMissingEnv(missing)
        .setMessage(
            missing.isEmpty()
                ? skill.name() + " is installed"
                : skill.name() + " is installed; set " + String.join(", ", missing) + " to use it")
        .build();
  }
}

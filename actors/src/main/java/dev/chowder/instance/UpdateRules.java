package dev.chowder.instance;

import dev.chowder.instance.InstanceState.Existing;
import java.util.Map;
import java.util.Optional;

/** Decides about changes of an instance that callers request. Pure. */
final class UpdateRules {
  private UpdateRules() {}

  static Decision update(Existing state, InstanceCommand.Update u) {
    var profile = state.profile();
    var config = profile.config();
    // The command was resent. All other values were changed together with the overrides.
    if (u.overrides().filter(change -> config.remembers(change.version())).isPresent()) {
      return Decision.accept();
    }
    if (u.overrides().filter(change -> !config.overrides().equals(change.base())).isPresent()) {
      return Decision.reject(new InstanceRejection.Superseded());
    }
    var labels = Labels.merge(profile.labels(), u.labels());
    if (Labels.areTooMany(profile.labels(), labels)) {
      return Decision.reject(new InstanceRejection.TooManyLabels(labels.size(), Labels.MAX));
    }
    var renamed = u.name().filter(name -> !name.equals(profile.name()));
    var relabelled =
        labels.equals(profile.labels())
            ? Optional.<Map<String, String>>empty()
            : Optional.of(labels);
    var image = u.sandboxImage().filter(one -> !one.equals(profile.sandboxImage()));
    var overrides = u.overrides().map(InstanceCommand.OverridesChange::version).orElse("");
    return renamed.isEmpty() && relabelled.isEmpty() && image.isEmpty() && overrides.isEmpty()
        ? Decision.accept()
        : Decision.accept(
            new InstanceEvent.Updated(u.keyId(), renamed, relabelled, image, overrides, u.now()));
  }
}

package dev.chowder.server.instance;

import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.sandbox.SandboxRef;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Creates views and profiles of instances for tests. */
public final class InstanceViews {
  public static final String ID = "01a20000-0000-7000-8000-000000000001";

  private InstanceViews() {}

  /** Returns a view of the instance in this status, with this revision. */
  public static InstanceView of(
      int revision, InstanceStatus.Name status, Optional<SandboxRef> sandbox) {
    return new InstanceView(
        new InstanceId(ID),
        revision,
        new InstanceStatus(status, status),
        profile("organization", "name", sandbox, Instant.EPOCH),
        1,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        true,
        true,
        Optional.empty(),
        Optional.empty(),
        true,
        0,
        false);
  }

  /** Returns the profile of an instance that was created at this time and never changed. */
  public static Profile profile(
      String organizationId, String name, Optional<SandboxRef> sandbox, Instant createdAt) {
    return new Profile(
        organizationId,
        name,
        new ModelChoice("custom", "any", "", ""),
        "sandbox",
        "small",
        "v1",
        "local",
        Map.of(),
        0,
        0,
        TokenRotations.NONE,
        ConfigValues.NONE,
        Homes.FIRST,
        sandbox,
        createdAt,
        createdAt,
        createdAt,
        "request");
  }
}

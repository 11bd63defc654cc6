package dev.chowder.actor;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;

/** The configuration for tests of single actors: serializers as in a server, without a cluster. */
public final class TestActors {
  /** The relevant settings of chowder-pekko.conf, which explains them. */
  public static final Config CONFIG =
      ConfigFactory.parseString(
          """
          pekko.fail-mixed-versions = off
          # The kit's own limits, of 3 s to 10 s, are too short for a busy machine.
          pekko.actor.testkit.typed {
            single-expect-default = 20s
            default-timeout = 20s
            system-shutdown-default = 60s
          }
          pekko.actor.serializers.snapshot = "dev.chowder.actor.SnapshotSerializer"
          pekko.actor.serialization-bindings {
            "dev.chowder.actor.CborSerializable" = jackson-cbor
            "dev.chowder.instance.InstanceState" = snapshot
            "dev.chowder.organization.OrganizationState" = snapshot
          }
          """);

  private TestActors() {}
}

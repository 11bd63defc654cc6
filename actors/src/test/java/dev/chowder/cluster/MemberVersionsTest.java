package dev.chowder.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.OtherMember;
import dev.chowder.base.Await;
import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemberVersionsTest {
  @Test
  void onlyMembersOfThisVersionFindAnyName(@TempDir Path folder) {
    var config = OtherMember.HOSTING_ENTITIES.withFallback(TestStorage.h2(folder).config());
    var kit = ActorTestKit.create("versions", config);
    try {
      var versions = new MemberVersions();
      assertThat(versions.separateSandboxes()).as("without a cluster").isFalse();
      versions.join(kit.system());
      assertThat(versions.separateSandboxes()).as("before this member is Up").isFalse();
      var cluster = Cluster.get(kit.system());
      cluster.manager().tell(Join.create(cluster.selfMember().address()));
      Await.until(versions::separateSandboxes);
      try (var _ = OtherMember.join(kit.system(), "2.0.0")) {
        assertThat(versions.separateSandboxes()).as("beside an older one").isFalse();
      }
      assertThat(versions.separateSandboxes()).as("after it left").isTrue();
      try (var _ = OtherMember.join(kit.system(), "2.1.0")) {
        assertThat(versions.separateSandboxes()).as("beside one of the same version").isTrue();
      }
    } finally {
      kit.shutdownTestKit();
    }
  }
}

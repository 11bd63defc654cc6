package dev.chowder.operate.purge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.operate.site.TestSite;
import dev.chowder.program.Program;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests on a real engine that a purge leaves alone what another installation needs. */
@Timeout(60)
class PurgeIT {
  @TempDir private Path folder;

  @Test
  void aStoppedInstallationWithoutAgentsIsSeen() {
    var name = "chowder-purge-" + UUID.randomUUID();
    docker("network", "create", "--label", "dev.chowder.cluster=" + name, name);
    try {
      assertThat(new Purge(TestSite.in(folder, Map.of()).site()).isLast()).isFalse();
    } finally {
      docker("network", "rm", name);
    }
  }

  private static void docker(String... words) {
    var _ = Program.of("docker").and(words).run();
  }
}
